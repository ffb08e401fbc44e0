// SPDX-License-Identifier: Apache-2.0
#include "proto/websocket/frame.h"

namespace proto::websocket {
namespace {

constexpr std::uint64_t length_7bit_max = 125;  // RFC 6455 §5.2: above it, the 7 bits say which form follows
constexpr std::uint64_t length_16bit_max = 0xFFFF;
constexpr std::uint8_t length_16bit_follows = 126;
constexpr std::uint8_t length_64bit_follows = 127;
constexpr std::size_t close_code_bytes = 2;  // §5.5.1

void append_big_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift & 0xFF));
}

// The longest beginning of a UTF-8 text that fits and does not end inside a character.
std::string_view cut(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<std::uint8_t>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace

void append_header(std::string& out, Opcode opcode, std::uint64_t payload_bytes) {
  const auto first = static_cast<char>(fin_bit | static_cast<std::uint8_t>(opcode));
  if (payload_bytes <= length_7bit_max) {
    const char header[] = {first, static_cast<char>(payload_bytes)};
    out.append(header, sizeof header);
  } else if (payload_bytes <= length_16bit_max) {
    const char header[] = {first, length_16bit_follows, static_cast<char>(payload_bytes >> 8),
                           static_cast<char>(payload_bytes & 0xFF)};
    out.append(header, sizeof header);
  } else {
    out.push_back(first);
    out.push_back(length_64bit_follows);
    append_big_endian(out, payload_bytes, 8);
  }
}

// Hot: once a message and shard. Measured by append_frame of bench/micro.
void append_frame(std::string& out, Opcode opcode, std::string_view payload) {
  append_header(out, opcode, payload.size());
  out.append(payload);
}

void append_close(std::string& out, std::uint16_t code, std::string_view text) {
  if (code == 0) return append_header(out, Opcode::close, 0);
  const std::string_view fitting = cut(text, control_payload_bytes_max - close_code_bytes);
  append_header(out, Opcode::close, close_code_bytes + fitting.size());
  append_big_endian(out, code, close_code_bytes);
  out.append(fitting);
}

}  // namespace proto::websocket
