// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/engine_session.h"

#include <algorithm>
#include <utility>

#include "proto/socketio/plain_session.h"
#include "proto/socketio/session_question.h"
#include "proto/socketio/socket_session.h"

namespace proto::socketio {
namespace {

constexpr std::int64_t tick_ms = 32;  // by which a host's timer may be late

// How much earlier the first ping is, in 256 parts of an eighth of the interval: sessions that were opened together are
// not to be pinged together for ever. Never later, because the client counts from the interval that it was told.
std::int64_t earlier(std::string_view sid, std::int64_t interval_ms) {
  const unsigned part = static_cast<std::uint8_t>(sid[18]) * 64u + static_cast<std::uint8_t>(sid[19]);
  return interval_ms / 8 * (part % 256) / 256;
}

}  // namespace

Start start_behind(std::span<const Served> served, std::string_view topic) {
  const auto found = std::ranges::find(served, topic, &Served::topic);
  if (found == served.end()) return {};
  return {.from = Start::From::after, .epoch = found->position.epoch, .value = found->position.offset};
}

EngineSession::EngineSession(const EndpointRules& endpoint, Services& services, NewSession&& made)
    : endpoint_(endpoint), services_(&services), framing_(made.framing) {
  sid_.fill('-');
  std::copy_n(made.sid.begin(), std::min(made.sid.size(), sid_.size()), sid_.begin());
  if (made.request.query.empty() && made.request.headers.empty()) return;
  request_ = std::make_unique<const OpeningRequest>(std::move(made.request));
}

void EngineSession::on_open(Host& host) {
  const EngineOptions& options = endpoint_.options();
  const bool polling = framing_ == Framing::polling;
  std::string packet;
  append_open(packet, {.sid = sid(),
                       .upgrade_websocket = polling && options.websocket,
                       .ping_interval_ms = static_cast<std::uint64_t>(options.ping_interval.count()),
                       .ping_timeout_ms = static_cast<std::uint64_t>(options.ping_timeout.count()),
                       .max_payload = options.max_payload});
  send_packet(packet, {}, host);
  const std::int64_t interval_ms = options.ping_interval.count();
  heartbeat_ms_ = host.clock().steady_ms + interval_ms - earlier(sid(), interval_ms);
  on_opened(host);
  arm(host);
}

void EngineSession::on_message(DataType type, std::span<char> payload, Host& host) {
  if (closing_) return;
  if (payload.size() > endpoint_.options().max_payload) return close(Reason::message_too_big, host);
  EnginePacket packet{.type = EngineType::message, .binary = true, .data = payload};
  if (type == DataType::text) {
    if (const auto error = parse_engine_packet(payload, packet)) return offended("", label(*error), host);
  }
  take(packet, host);
}

PayloadResult EngineSession::on_payload(PayloadReader& payload, std::size_t bytes_max, Host& host) {
  const std::size_t begin = payload.left();
  EnginePacket packet;
  while (!closing_ && payload.next(packet)) {
    take(packet, host);
    if (!payload.more() || closing_) continue;
    if (begin - payload.left() >= bytes_max || !host.has_room()) return PayloadResult::more;
  }
  if (closing_ || !payload.error()) return PayloadResult::ok;
  offended("", label(*payload.error()), host);
  return PayloadResult::malformed;
}

void EngineSession::take(const EnginePacket& packet, Host& host) {
  switch (packet.type) {
    case EngineType::message: return packet.binary ? on_binary(packet.text(), host) : on_text(packet.data, host);
    case EngineType::close: return close(Reason::peer_closed, host);
    case EngineType::ping: return offended("", "engine_ping", host);  // the server pings, and nobody else
    case EngineType::pong:
      if (!pinged_) return;  // nobody asked: it does not put the next ping off
      pinged_ = false;
      heartbeat_ms_ = host.clock().steady_ms + endpoint_.options().ping_interval.count();
      return arm(host);
    case EngineType::open:
    case EngineType::upgrade:
    case EngineType::noop: return;  // let pass, as the reference does
  }
}

bool EngineSession::is_overdue(const Clock& clock) const { return pinged_ && clock.steady_ms >= heartbeat_ms_; }

void EngineSession::on_timer(Host& host) {
  if (closing_) return;
  const std::int64_t now_ms = host.clock().steady_ms;
  if (now_ms >= heartbeat_ms_) beat(now_ms, host);
  if (const auto due = deadline(); !closing_ && due && now_ms >= *due) on_deadline(host);
  arm(host);
}

void EngineSession::beat(std::int64_t now_ms, Host& host) {
  if (pinged_) return close(Reason::ping_timeout, host);
  send_packet("2", {}, host);
  pinged_ = true;
  // Counted from when the ping was due: a timer's tick is no grace. A shard that was held up is.
  heartbeat_ms_ = std::max(heartbeat_ms_, now_ms - tick_ms) + endpoint_.options().ping_timeout.count();
}

void EngineSession::arm(Host& host) const {
  if (closing_) return;
  const std::int64_t next_ms = std::min(heartbeat_ms_, deadline().value_or(heartbeat_ms_));
  host.wake_in(std::chrono::milliseconds(std::max<std::int64_t>(next_ms - host.clock().steady_ms, 0)));
}

void EngineSession::on_session_answer(SessionAnswer&& answer, Host& host) {
  if (answer.kind == SessionAnswer::Kind::kept) on_kept(answer.tag, std::move(answer.socket), host);
  if (answer.kind == SessionAnswer::Kind::deduped) on_deduped(answer.tag, answer.repeated, host);
}

void EngineSession::change_framing(Framing framing) {
  framing_ = framing;
  pinged_ = false;
}

void EngineSession::on_moved(Services& services, std::span<const Served> served, Host& host) {
  services_ = &services;
  heartbeat_ms_ = host.clock().steady_ms + endpoint_.options().ping_interval.count();
  subscribe_again(served, host);
  arm(host);
}

void EngineSession::send_packet(std::string_view text, std::span<const std::string_view> attachments,
                                Host& host) const {
  std::string bytes;
  append_packet(bytes, framing_, text, attachments);
  host.send(bytes);
}

void EngineSession::send_binary(std::string_view message, Host& host) const {
  std::string bytes;
  append_binary(bytes, framing_, message);
  host.send(bytes);
}

void EngineSession::close(Reason reason, Host& host) {
  if (closing_) return;
  closing_ = true;
  host.close(reason);
}

void EngineSession::offended(std::string_view nsp, std::string_view label, Host& host) {
  services_->observer.refused(nsp, label);
  close(Reason::protocol_error, host);
}

Known EngineSession::known(const Host& host) const {
  Known known{.time_us = host.clock().wall_us};
  if (request_ != nullptr) {
    known.query = request_->query;
    known.headers = request_->headers;
  }
  return known;
}

std::unique_ptr<EngineSession> open_session(const EndpointRules& endpoint, Services& services, NewSession&& made) {
  if (endpoint.plain() != nullptr) return std::make_unique<PlainSession>(endpoint, services, std::move(made));
  return std::make_unique<SocketSession>(endpoint, services, std::move(made));
}

}  // namespace proto::socketio
