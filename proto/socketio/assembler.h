// SPDX-License-Identifier: Apache-2.0
// Puts a packet and its attachments together: they come as consecutive messages of one session, over WebSocket or in
// payloads, and nothing else may stand between them.
// Thread: one at a time. Owns: the header and the attachments that came so far; nothing while none are due, so that an
//   idle session pays two words.
// Errors: values, after which the session closes.
// Limits: `bytes_max` for a header with its attachments.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proto/socketio/packet.h"

namespace proto::socketio {

// A packet that owns all that it views.
struct BinaryPacket {
  std::string text;
  Packet packet;
  std::vector<std::string> attachments;
};

class Assembler {
 public:
  explicit Assembler(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // The text of a message, without Engine.IO's type. None, and due() is 0: `packet` is whole, and views `text`. None,
  // and due() is not 0: attachments follow, and `packet` is to be forgotten. Requires: as parse_packet.
  [[nodiscard]] std::optional<PacketError> take_text(std::span<char> text, Packet& packet);
  // A binary message. `whole` is set when it was the last one.
  [[nodiscard]] std::optional<PacketError> take_binary(std::string_view bytes, std::unique_ptr<BinaryPacket>& whole);

  [[nodiscard]] std::size_t due() const;         // attachments that are missing
  [[nodiscard]] std::size_t held_bytes() const;  // for the accounts of the connection

 private:
  std::size_t bytes_max_;
  std::unique_ptr<BinaryPacket> pending_;
};

}  // namespace proto::socketio
