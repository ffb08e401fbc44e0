// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/assembler.h"

#include <utility>

namespace proto::socketio {

std::optional<PacketError> Assembler::take_text(std::span<char> text, Packet& packet) {
  if (pending_) return PacketError::text_between_attachments;
  if (const auto error = parse_packet(text, packet)) return error;
  if (packet.attachments == 0) return std::nullopt;
  if (text.size() > bytes_max_) return PacketError::packet_too_large;
  // Read once more where it can stay: the first reading was of memory that is gone before the attachments come.
  auto pending = std::make_unique<BinaryPacket>();
  pending->text.assign(text.data(), text.size());
  if (const auto error = parse_packet(pending->text, pending->packet)) return error;
  pending_ = std::move(pending);
  return std::nullopt;
}

std::optional<PacketError> Assembler::take_binary(std::string_view bytes, std::unique_ptr<BinaryPacket>& whole) {
  if (!pending_) return PacketError::unexpected_binary;
  if (bytes.size() > bytes_max_ - held_bytes()) return PacketError::packet_too_large;
  pending_->attachments.emplace_back(bytes);
  if (due() == 0) whole = std::move(pending_);
  return std::nullopt;
}

std::size_t Assembler::due() const {
  return pending_ ? pending_->packet.attachments - pending_->attachments.size() : 0;
}

std::size_t Assembler::held_bytes() const {
  if (!pending_) return 0;
  std::size_t bytes = pending_->text.size();
  for (const std::string& attachment : pending_->attachments) bytes += attachment.size();
  return bytes;
}

}  // namespace proto::socketio
