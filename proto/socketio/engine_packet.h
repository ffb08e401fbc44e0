// SPDX-License-Identifier: Apache-2.0
// Packets of Engine.IO v4, alone in a WebSocket message or many in a payload of HTTP long-polling
// (docs/engine.io-protocol/v4-current.md, "Packet encoding"). Socket.IO is inside the messages.
//
//   text    = type data                 0x1e may stand in it on a WebSocket, and never in a payload
//   binary  = the bytes themselves      as a binary WebSocket message
//           | "b" base64                in a payload, or in a text message for who asked for it (b64=1)
//   payload = packet *( 0x1e packet )
//
// Thread: one at a time. Borrows the bytes that are read: packets view them, and base64 is decoded in place.
// Errors: values; each of them ends the session. Nothing here is fed in pieces: messages and payloads arrive whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace proto::socketio {

enum class EngineType : std::uint8_t { open, close, ping, pong, message, upgrade, noop };  // 0 to 6 on the wire

inline constexpr char separator = '\x1e';

struct EnginePacket {
  EngineType type = EngineType::message;
  bool binary = false;        // always a message; its data are any bytes
  std::span<char> data = {};  // views what was read
  [[nodiscard]] std::string_view text() const { return {data.data(), data.size()}; }
};

enum class EngineParseError : std::uint8_t {
  unknown_type,  // nothing at all, too
  bad_base64,
  invalid_utf8,
  payload_too_large,  // 413, and the session lives on: the only one that is no end
};
[[nodiscard]] std::string_view label(EngineParseError error);  // of metrics

// A WebSocket text message, or one packet of a payload. A binary WebSocket message is {message, binary, its bytes}.
// Base64 is read as browsers and Android write it: with padding or without, white space skipped.
// None: `packet` is set. Requires: UTF-8.
[[nodiscard]] std::optional<EngineParseError> parse_engine_packet(std::span<char> text, EnginePacket& packet);

// Reads a POST's body, packet by packet. What stands before a mistake is told before it, as the reference does.
class PayloadReader {
 public:
  // `max_payload` is what the open packet announced.
  PayloadReader(std::span<char> body, std::size_t max_payload);
  // True: `packet` is the next one. False: the payload has ended, or error().
  [[nodiscard]] bool next(EnginePacket& packet);
  [[nodiscard]] std::optional<EngineParseError> error() const { return error_; }
  // There is a packet to come, or a mistake.
  [[nodiscard]] bool more() const { return !ended_ && !error_; }
  [[nodiscard]] std::size_t left() const { return rest_.size(); }  // bytes

 private:
  std::span<char> rest_;
  bool ended_ = false;
  std::optional<EngineParseError> error_;
};

// A packet as a WebSocket text message. A binary one becomes base64: otherwise its bytes are the message, and nothing
// is to be encoded.
void append_engine_packet(std::string& out, EngineType type, std::string_view data);
void append_base64_packet(std::string& out, std::string_view bytes);

// Whether an encoded packet may stand in a payload: with a separator in it, it would be taken for two. JSON never has
// one; the text of plain Engine.IO may, and then cannot be polled.
[[nodiscard]] bool fits_payload(std::string_view packet);
// Appends what is encoded, behind what the payload has: one packet that fits, or several that were joined in this way,
// as a message and its attachments. Encoded once it can be appended to any number of payloads.
void append_to_payload(std::string& payload, std::string_view packets);

// What the open packet tells (v4-current.md, "Handshake").
struct Opening {
  std::string_view sid;
  bool upgrade_websocket = false;  // upgrades: ["websocket"], otherwise []
  std::uint64_t ping_interval_ms = 25000;
  std::uint64_t ping_timeout_ms = 20000;
  std::uint64_t max_payload = 1000000;
};
// 0{"sid":"…","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}
void append_open(std::string& out, const Opening& opening);

}  // namespace proto::socketio
