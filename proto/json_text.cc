// SPDX-License-Identifier: Apache-2.0
#include "proto/json_text.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#include "proto/json.h"

namespace proto {
namespace {

// Sixteen bytes at a time; GCC and Clang make vector instructions of it wherever there are any.
using Block = std::uint8_t __attribute__((vector_size(16)));

// Which of the sixteen bytes of a block ends what is plain; none: sixteen.
std::size_t plain_in_block(const char* at) {
  Block block;
  std::memcpy(&block, at, sizeof block);
  const auto special = (block == '"') | (block == '\\') | (block < 0x20);  // a byte of ones or of zeros for each
  std::uint64_t halves[2];
  std::memcpy(halves, &special, sizeof halves);
  if ((halves[0] | halves[1]) == 0) return sizeof block;
  const bool late = halves[0] == 0;
  const std::uint64_t half = halves[late];
  const int zeros = std::endian::native == std::endian::little ? std::countr_zero(half) : std::countl_zero(half);
  return (late ? 8U : 0U) + static_cast<std::size_t>(zeros) / 8;
}

bool is_special(char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; }

char* write_utf8(char* to, unsigned point) {
  const auto put = [&to](unsigned byte) { *to++ = static_cast<char>(byte); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0 | point >> 6);
    put(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    put(0xE0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3F));
    put(0x80 | (point & 0x3F));
  } else {
    put(0xF0 | point >> 18);
    put(0x80 | (point >> 12 & 0x3F));
    put(0x80 | (point >> 6 & 0x3F));
    put(0x80 | (point & 0x3F));
  }
  return to;
}

// Reads the escape at `from`, which is behind the backslash, writes what it means and moves both on. What is written is
// shorter than what was read, so `to` never overtakes `from`.
void unescape_one(const char*& from, char*& to) {
  const char kind = *from++;
  switch (kind) {
    case 'b': *to++ = '\b'; return;
    case 'f': *to++ = '\f'; return;
    case 'n': *to++ = '\n'; return;
    case 'r': *to++ = '\r'; return;
    case 't': *to++ = '\t'; return;
    case 'u': break;
    default: *to++ = kind; return;
  }
  unsigned point = json_code_unit(from).value_or(0);
  from += 4;
  if (point >= 0xD800 && point <= 0xDBFF) {
    const unsigned low = json_code_unit(from + 2).value_or(0xDC00);
    from += 6;
    point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
  }
  to = write_utf8(to, point);
}

void append_escape(std::string& out, char c) {
  constexpr char hex[] = "0123456789abcdef";
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  out += "\\u00";
  out += hex[static_cast<unsigned char>(c) >> 4];
  out += hex[static_cast<unsigned char>(c) & 0xF];
}

}  // namespace

// Hot: every string that is read or written.
std::size_t plain_json_bytes(std::string_view text) {
  if (text.size() < sizeof(Block)) {
    std::size_t i = 0;
    while (i < text.size() && !is_special(text[i])) ++i;
    return i;
  }
  // The last block overlaps the one before it, so that no byte is looked at alone.
  const std::size_t last = text.size() - sizeof(Block);
  for (std::size_t i = 0;; i = std::min(i + sizeof(Block), last)) {
    const std::size_t plain = plain_in_block(text.data() + i);
    if (plain < sizeof(Block) || i == last) return i + plain;
  }
}

std::optional<unsigned> json_code_unit(const char* digits) {
  unsigned value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = digits[i];
    unsigned digit;
    if (c >= '0' && c <= '9') {
      digit = static_cast<unsigned>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = static_cast<unsigned>(c - 'a') + 10;
    } else if (c >= 'A' && c <= 'F') {
      digit = static_cast<unsigned>(c - 'A') + 10;
    } else {
      return std::nullopt;
    }
    value = value << 4 | digit;
  }
  return value;
}

std::string_view unescape_json(std::span<char> raw) {
  char* const begin = raw.data() + 1;
  const char* const end = raw.data() + raw.size() - 1;
  const char* from = begin;
  char* to = begin;
  while (from != end) {
    const std::size_t plain = plain_json_bytes({from, static_cast<std::size_t>(end - from)});
    if (from != to) std::memmove(to, from, plain);
    from += plain;
    to += plain;
    if (from == end) break;
    ++from;  // the backslash: a checked string has nothing else that is not plain
    unescape_one(from, to);
  }
  return {begin, static_cast<std::size_t>(to - begin)};
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t plain = plain_json_bytes(text);
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    append_escape(out, text.front());
    text.remove_prefix(1);
  }
  out += '"';
}

}  // namespace proto
