// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/socket_session.h"

#include <algorithm>

#include "proto/socketio/encode.h"
#include "proto/socketio/namespace_topics.h"

namespace proto::socketio {
namespace {

// A packet with its attachments may take that many of the largest messages; one of them may be one whole attachment.
constexpr std::size_t packet_payloads_max = 4;

}  // namespace

bool Socket::is_in(std::string_view room) const {
  return extra != nullptr && std::ranges::find(extra->rooms, room) != extra->rooms.end();
}

bool Socket::is_catching_up() const {
  return extra != nullptr && std::ranges::any_of(extra->replays, [](const Replay& each) { return each.until.has_value(); });
}

SocketSession::SocketSession(const EndpointRules& endpoint, Services& services, NewSession&& made)
    : EngineSession(endpoint, services, std::move(made)),
      assembler_(packet_payloads_max * endpoint.options().max_payload) {}

void SocketSession::on_opened(Host& host) {
  connect_by_ms_ = host.clock().steady_ms + endpoint().options().connect_timeout.count();
}

std::optional<std::int64_t> SocketSession::deadline() const {
  std::optional<std::int64_t> first;
  const auto at = [&first](std::int64_t due) { first = std::min(first.value_or(due), due); };
  if (connect_by_ms_ > 0) at(connect_by_ms_);
  for (const Socket& socket : sockets_) {
    if (socket.extra == nullptr) continue;
    for (const Replay& replay : socket.extra->replays) {
      if (replay.paused_until_ms) at(*replay.paused_until_ms);
    }
  }
  return first;
}

void SocketSession::on_deadline(Host& host) {
  const std::int64_t now_ms = host.clock().steady_ms;
  if (connect_by_ms_ > 0 && now_ms >= connect_by_ms_) return close(Reason::connect_timeout, host);
  for (Socket& socket : sockets_) {
    if (socket.extra == nullptr) continue;
    for (const Replay& replay : socket.extra->replays) {
      if (replay.paused_until_ms && now_ms >= *replay.paused_until_ms) return read_on(socket, replay.number, host);
    }
  }
}

void SocketSession::on_text(std::span<char> text, Host& host) {
  Packet packet;
  if (const auto error = assembler_.take_text(text, packet)) return offended("", label(*error), host);
  if (assembler_.due() == 0) dispatch(packet, {}, host);
}

void SocketSession::on_binary(std::string_view bytes, Host& host) {
  std::unique_ptr<BinaryPacket> whole;
  if (const auto error = assembler_.take_binary(bytes, whole)) return offended("", label(*error), host);
  if (whole != nullptr) dispatch(whole->packet, whole->attachments, host);
}

void SocketSession::dispatch(const Packet& packet, std::span<const std::string> attachments, Host& host) {
  if (packet.type == PacketType::connect) return on_connect(packet, host);
  if (packet.type == PacketType::connect_error) return offended("", "unexpected_packet", host);
  Socket* const socket = find(packet.nsp);
  const bool leaves = packet.type == PacketType::disconnect;
  // Before its CONNECT is answered a client has nothing to say but that it has changed its mind.
  if (socket == nullptr || (socket->state != Socket::State::connected && !leaves)) {
    return offended("", "not_connected", host);
  }
  if (leaves) return part_for_good(*socket, host);
  const bool answers = packet.type == PacketType::ack || packet.type == PacketType::binary_ack;
  answers ? on_answer(*socket, packet, attachments, host) : on_event(*socket, packet, attachments, host);
}

Socket* SocketSession::find(std::string_view nsp) {
  const auto found = std::ranges::find(sockets_, nsp, &Socket::nsp);
  return found == sockets_.end() ? nullptr : &*found;
}

Socket* SocketSession::find_by(Tag tag) {
  const auto found = std::ranges::find(sockets_, serial_of(tag), &Socket::serial);
  return found == sockets_.end() ? nullptr : &*found;
}

Socket* SocketSession::find_connected(std::string_view nsp, std::string_view sid) {
  Socket* const socket = find(nsp);
  const bool is_it = socket != nullptr && socket->state == Socket::State::connected && socket->sid() == sid;
  return is_it ? socket : nullptr;
}

Known SocketSession::known_of(const Socket& socket, const Host& host) const {
  Known known = this->known(host);
  known.sid = socket.sid();
  if (socket.extra == nullptr) return known;
  known.auth = socket.extra->auth;
  known.data = socket.extra->data;
  return known;
}

const WireFormat* SocketSession::wire_format() const {
  return endpoint().namespaces().empty() ? nullptr : &endpoint().namespaces().front()->format(framing());
}

const WireFormat* SocketSession::wire_format_of(std::string_view topic) const {
  const auto found =
      std::ranges::find_if(endpoint().namespaces(), [topic](const auto& served) { return served->stream == topic; });
  return found == endpoint().namespaces().end() ? nullptr : &(*found)->format(framing());
}

std::size_t SocketSession::held_bytes() const {
  std::size_t bytes = assembler_.held_bytes();
  for (const Socket& socket : sockets_) {
    if (socket.extra == nullptr) continue;
    for (const DelayedEvent& event : socket.extra->delayed) {
      bytes += event.packet->text.size();
      for (const std::string& attachment : event.packet->attachments) bytes += attachment.size();
    }
    for (const WaitingAck& ack : socket.extra->acks) {
      bytes += ack.json.size();
      for (const std::string& attachment : ack.attachments) bytes += attachment.size();
    }
  }
  return bytes;
}

bool SocketSession::may_move() const {
  return std::ranges::all_of(sockets_, [](const Socket& socket) {
    if (socket.state != Socket::State::connected) return false;
    const SocketExtra* const extra = socket.extra.get();
    return extra == nullptr || (extra->acks.empty() && extra->delayed.empty() && extra->replays.empty());
  });
}

void SocketSession::list_sockets(const std::function<void(const SocketInfo&)>& with_socket) const {
  for (const Socket& socket : sockets_) {
    if (socket.state != Socket::State::connected) continue;
    SocketInfo info{.nsp = socket.nsp(), .sid = socket.sid(), .since_s = socket.since_s, .rooms = {}, .data = {}};
    if (socket.extra != nullptr) {
      info.rooms = socket.extra->rooms;
      info.data = socket.extra->data;
    }
    with_socket(info);
  }
}

bool SocketSession::join(std::string_view nsp, std::string_view sid, std::string_view room, Host& host) {
  Socket* const socket = find_connected(nsp, sid);
  if (socket == nullptr || !is_room_name(nsp, room)) return false;
  Done done;
  join_room(*socket, room, done, host);
  return done.refused.empty();
}

bool SocketSession::leave(std::string_view nsp, std::string_view sid, std::string_view room, Host& host) {
  Socket* const socket = find_connected(nsp, sid);
  if (socket == nullptr || !socket->is_in(room)) return false;
  leave_room(*socket, room, host);
  return true;
}

bool SocketSession::disconnect(std::string_view nsp, std::string_view sid, Host& host) {
  Socket* const socket = find_connected(nsp, sid);
  if (socket == nullptr) return false;
  kick(*socket, host);
  return true;
}

}  // namespace proto::socketio
