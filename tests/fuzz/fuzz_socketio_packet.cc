// SPDX-License-Identifier: Apache-2.0
// Messages of a Socket.IO session, parted by 0x1e; one that begins with 'b' is binary. Whatever they are: an assembler
// has at most one packet open; what it takes has good JSON and views of its own bytes; and an event or acknowledgement,
// written again, is deliverable and is read as the same.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "proto/json.h"
#include "proto/socketio/assembler.h"
#include "proto/socketio/encode.h"
#include "proto/utf8.h"

namespace {

using proto::socketio::Packet;
using proto::socketio::PacketType;

constexpr std::size_t bytes_max = 200;  // small, so that the limit is met

void require(bool holds) {
  if (!holds) std::abort();
}

bool inside(std::string_view part, std::string_view whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void require_json(std::string_view json) {
  std::string copy(json);
  require(!proto::check_json(copy));
}

bool is_ack(const Packet& packet) { return packet.type == PacketType::ack || packet.type == PacketType::binary_ack; }
bool is_event(const Packet& packet) {
  return packet.type == PacketType::event || packet.type == PacketType::binary_event;
}

std::string write(const Packet& packet) {
  const std::string_view joined[] = {packet.arguments};
  const proto::socketio::Outgoing outgoing{
      .nsp = packet.nsp, .id = packet.id, .arguments = joined, .attachments = packet.attachments};
  require(!proto::socketio::check_deliverable(packet.event, outgoing));
  std::string text;
  if (is_event(packet)) append_event(text, packet.event, outgoing);
  if (is_ack(packet)) append_ack(text, outgoing);
  return text;
}

void require_same(const Packet& packet, std::string text) {
  Packet same;
  require(!parse_packet(std::span(text).subspan(1), same));
  require(is_event(same) == is_event(packet) && is_ack(same) == is_ack(packet));
  require(same.nsp == packet.nsp && same.id == packet.id && same.attachments == packet.attachments);
  require(same.event == packet.event && same.arguments == packet.arguments);
  require(same.argument == packet.argument && same.argument_count == packet.argument_count);
  require(same.placeholders.size() == packet.placeholders.size());
  for (std::size_t i = 0; i < packet.placeholders.size(); ++i) {
    require(same.placeholders[i].json == packet.placeholders[i].json);
    require(same.placeholders[i].number == packet.placeholders[i].number);
  }
}

// `text`: what the packet was read from.
void check(const Packet& packet, std::string_view text) {
  for (const std::string_view part : {packet.nsp_query, packet.payload, packet.arguments}) require(inside(part, text));
  require(packet.nsp.starts_with('/') && packet.nsp.find(',') == std::string_view::npos);
  require(!packet.id || *packet.id <= proto::socketio::id_max);
  require(packet.attachments <= proto::socketio::attachments_max);
  require(inside(packet.event, text) || inside(packet.event, packet.event_bytes));
  require(proto::is_valid_utf8(packet.event));
  require(!proto::socketio::is_reserved_event(packet.event) || packet.event_is_number);
  if (!packet.payload.empty()) require_json(packet.payload);
  for (const std::string_view argument : packet.argument) require_json(argument);
  for (const auto& placeholder : packet.placeholders) {
    require(placeholder.number < packet.attachments && inside(placeholder.json, packet.arguments));
    require_json(placeholder.json);
  }
  if (is_event(packet) || is_ack(packet)) require_same(packet, write(packet));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  proto::socketio::Assembler assembler(bytes_max);
  for (bool last = false; !last;) {
    const std::size_t end = std::min(rest.find('\x1e'), rest.size());
    std::vector<char> bytes(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(end));  // of exactly this size
    const std::string_view message(bytes.data(), bytes.size());
    last = end == rest.size();
    rest.remove_prefix(last ? end : end + 1);
    const std::size_t due = assembler.due();
    if (message.starts_with('b')) {
      std::unique_ptr<proto::socketio::BinaryPacket> whole;
      const auto error = assembler.take_binary(message.substr(1), whole);
      require((due == 0) == (error == proto::socketio::PacketError::unexpected_binary));
      require(error || assembler.due() == due - 1);
      require((whole != nullptr) == (!error && due == 1));
      if (whole) require(whole->attachments.size() == whole->packet.attachments);
      if (whole) check(whole->packet, whole->text);
    } else if (proto::is_valid_utf8(message)) {  // anything else never gets here
      Packet packet;
      const auto error = assembler.take_text(bytes, packet);
      require((due > 0) == (error == proto::socketio::PacketError::text_between_attachments));
      require(error || assembler.due() == packet.attachments);
      if (!error) check(packet, message);
    }
    require(assembler.held_bytes() <= bytes_max);
  }
  return 0;
}
