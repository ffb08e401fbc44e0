// SPDX-License-Identifier: Apache-2.0
// Server-to-client WebSocket frames (RFC 6455 §5.2): unmasked, so that one encoding serves every subscriber.
// Thread: any. Limits: none of its own; a payload of any length is written with the shortest length form.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace proto::websocket {

// RFC 6455 §5.2, §11.8.
enum class Opcode : std::uint8_t {
  continuation = 0x0,
  text = 0x1,
  binary = 0x2,
  close = 0x8,
  ping = 0x9,
  pong = 0xA,
};

// The first header byte's bits besides the opcode.
inline constexpr std::uint8_t fin_bit = 0x80;
inline constexpr std::uint8_t rsv1_bit = 0x40;                 // of permessage-deflate (RFC 7692 §6)
inline constexpr std::size_t header_bytes_max = 10;            // unmasked
inline constexpr std::size_t control_payload_bytes_max = 125;  // §5.5

// Appends the header of a final frame with that many payload bytes.
void append_header(std::string& out, Opcode, std::uint64_t payload_bytes);
// Appends a whole final frame.
void append_frame(std::string& out, Opcode, std::string_view payload);
// Appends a close frame; `code` 0 gives an empty one. The text is cut to fit, at a character's boundary.
void append_close(std::string& out, std::uint16_t code, std::string_view text);

}  // namespace proto::websocket
