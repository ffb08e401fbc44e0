// SPDX-License-Identifier: Apache-2.0
// How Engine.IO's packets go out over the transport that a session has: each as a WebSocket message, or each behind a
// separator, so that what is queued for a poll is simply joined and its first byte dropped.
//
//   websocket         frame(text) *frame(binary)
//   websocket_base64  frame(text) *frame("b" base64)          for who asked for it with b64=1
//   polling           0x1e text *( 0x1e "b" base64 )
//
// Thread: any. Nothing is kept. Requires, for polling: fits_payload(text).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace proto::socketio {

enum class Framing : std::uint8_t { websocket, websocket_base64, polling };
inline constexpr std::size_t framing_count = 3;

// A text packet, its type included, and the binary messages behind it. One piece: nothing comes between.
void append_packet(std::string& out, Framing framing, std::string_view text,
                   std::span<const std::string_view> attachments = {});
// A binary message alone.
void append_binary(std::string& out, Framing framing, std::string_view bytes);
// A text packet that is written in place: what is appended between the two, without a copy.
[[nodiscard]] std::size_t begin_text(std::string& out, Framing framing);
void end_text(std::string& out, Framing framing, std::size_t begin);

// Packets that were queued for polling, as they are sent after an upgrade.
[[nodiscard]] std::string reframe(std::string_view queued, Framing framing);

}  // namespace proto::socketio
