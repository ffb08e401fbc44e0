// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/recovery_offset.h"

#include <zlib.h>

#include "proto/notation.h"

namespace proto::socketio {
namespace {

// Of 8 hexadecimal digits.
std::string check_of(std::string_view text) {
  const auto crc = crc32(0, reinterpret_cast<const Bytef*>(text.data()), static_cast<uInt>(text.size()));
  std::string digits;
  append_epoch(digits, crc);
  return digits.substr(8);
}

constexpr std::size_t text_bytes_max = 64;

}  // namespace

void append_recovery_offset(std::string& out, const StreamPosition& position) {
  const std::string text = cursor_text(position.epoch, position.offset);
  out += text;
  out += '.';
  out += check_of(text);
}

std::optional<StreamPosition> parse_recovery_offset(std::string_view offset) {
  if (offset.size() > text_bytes_max) return std::nullopt;
  const std::size_t end = offset.rfind('.');
  if (end == std::string_view::npos || offset.substr(end + 1) != check_of(offset.substr(0, end))) return std::nullopt;
  return parse_cursor(offset.substr(0, end));
}

std::string cursor_text(std::uint64_t epoch, std::uint64_t offset) {
  std::string text;
  append_epoch(text, epoch);
  text += '.';
  append_number(text, offset);
  return text;
}

std::optional<StreamPosition> parse_cursor(std::string_view cursor) {
  const std::size_t dot = cursor.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::optional<std::uint64_t> epoch = parse_epoch(cursor.substr(0, dot));
  const std::optional<std::uint64_t> offset = parse_number(cursor.substr(dot + 1));
  if (!epoch || !offset) return std::nullopt;
  return StreamPosition{*epoch, *offset};
}

}  // namespace proto::socketio
