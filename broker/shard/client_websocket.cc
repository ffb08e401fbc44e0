// SPDX-License-Identifier: Apache-2.0
// A client from the WebSocket handshake on (RFC 6455 §4.2, §5, §7).
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "broker/base/strings.h"
#include "broker/net/digest.h"
#include "broker/shard/client.h"
#include "config/limits.h"
#include "proto/dialect.h"
#include "proto/websocket/frame.h"
#include "proto/websocket/handshake.h"

namespace broker::shard {

namespace limits = config::limits;
namespace websocket = proto::websocket;
using proto::Reason;

// A 101 with its headers mostly takes no more.
constexpr std::size_t switching_bytes = 256;

void Client::open_websocket(const proto::http::Match& match) {
  const config::Settings& settings = services().common.settings;
  auto opened = match.dialect->open_websocket(*http_->request, {.message_bytes_max = settings.limits.message_bytes});
  if (const auto* error = std::get_if<proto::Error>(&opened)) {
    return refuse(Reason::bad_request, error->status, error->message);
  }
  const auto& dialects = services().common.dialects;
  const auto dialect = static_cast<std::uint32_t>(std::ranges::find(dialects, match.dialect) - dialects.begin());
  set_dialect(dialect, transport_);
  switch_protocols(std::move(std::get<std::unique_ptr<proto::WebSocketSession>>(opened)), match.subprotocol);
}

void Client::switch_protocols(std::unique_ptr<proto::WebSocketSession> session, std::string_view subprotocol,
                              std::string_view extra_headers) {
  const proto::http::Request& asked = *http_->request;
  const websocket::HandshakeRequest request{
      .method = asked.method, .version_minor = asked.version_minor, .headers = asked.headers};
  const auto checked = websocket::check_handshake(request);
  if (const auto* refusal = std::get_if<websocket::Refusal>(&checked)) {
    return refuse(refusal->reason, refusal->status(), refusal->message, refusal->extra_headers);
  }
  if (services().draining) return refuse(Reason::draining, 503, "this broker is going away");
  const auto extension = agree_on_compression(request, session->wire_format() != nullptr);
  if (const auto* refusal = std::get_if<websocket::Refusal>(&extension)) {
    return refuse(refusal->reason, refusal->status(), refusal->message);
  }
  const std::string accept = websocket::accept_key(std::get<websocket::Handshake>(checked).key, net::sha1);
  std::string answer;
  answer.reserve(switching_bytes);
  websocket::append_switching_protocols(
      answer, accept, subprotocol,
      absl::StrCat(std::get<std::string>(extension), common_headers(), base::to_absl(extra_headers)));
  connection_.send_answer(std::move(answer));
  connection_.queue().pin();  // a ping may stand right behind the request: its pong waits for the 101

  proto::WebSocketSession& opened = *session;
  session_ = std::move(session);
  const bool secure = connection_.tls() != nullptr;
  set_dialect(dialect_, secure ? base::Transport::wss : base::Transport::ws);
  phase_ = Phase::websocket;
  http_.reset();
  if (opened.watches_peer()) {
    wait_for(Wait::nothing, {});
  } else {
    wait_for(Wait::ping_due, services().common.settings.websocket.ping_interval);
  }
  opened.on_open(*this);
  // Who sees the 101 is subscribed: what anyone publishes from then on, by whichever shard, comes to it.
  opening_ = subscribes();
}

// Between messages a decoder holds nothing, so that all clients of the shard use one: who is in the middle of a message
// takes it away with him, until the message has come.
std::size_t Client::read_websocket(std::span<std::uint8_t> bytes) {
  websocket::Decoder& decoder = decoder_ != nullptr ? *decoder_ : services().decoder;
  if (decoder_ == nullptr) decoder.allow_rsv1(deflate_bits_ != 0);
  const std::size_t taken = read_frames(decoder, bytes);
  const bool in_message = decoder.in_message();
  if (decoder_ != nullptr) {
    if (!in_message) decoder_.reset();
  } else if (in_message || decoder.finished() || decoder.buffered_bytes() > 0) {
    websocket::Decoder used = std::exchange(services().decoder, Services::fresh_decoder(services().common.settings));
    if (in_message) decoder_ = std::make_unique<websocket::Decoder>(std::move(used));
  }
  return taken;
}

std::size_t Client::read_frames(websocket::Decoder& decoder, std::span<std::uint8_t> bytes) {
  std::size_t taken = 0;
  websocket::Event event;
  while (phase_ == Phase::websocket && !close_pending_) {
    if (connection_.reading_paused() || !has_room()) {
      connection_.pause_reading();
      (void)decoder.decode({}, event);  // the last message's memory is not held while we wait
      return taken;
    }
    taken += decoder.decode(bytes.subspan(taken), event);
    if (event.type == websocket::Event::Type::need_more) {
      const bool large = decoder.buffered_bytes() > limits::large_input_bytes;
      if (large && services().memory.refuses_publishers()) close(Reason::shed_publish);
      return taken;
    }
    on_websocket_event(event);
  }
  return bytes.size();  // what stands behind a close is not looked at
}

void Client::on_websocket_event(websocket::Event& event) {
  using Type = websocket::Event::Type;
  const std::string_view payload(event.payload.data(), event.payload.size());
  switch (event.type) {
    case Type::message:
      count_command();
      if (event.rsv1) return on_compressed(event);
      return websocket().on_message(event.data_type, event.payload, *this);
    case Type::ping: {
      count_command();
      std::string pong;
      websocket::append_frame(pong, websocket::Opcode::pong, payload);
      connection_.send_control(pong);
      return;
    }
    case Type::close:
      // The peer's own words come back to it (§5.5.1), behind the answers to what it asked before.
      peer_said_close_ = true;
      peer_close_code_ = event.close_code;
      return close(Reason::peer_closed);
    case Type::error: return close(event.reason);
    case Type::pong:
    case Type::need_more: return;
  }
}

void Client::close_websocket(Reason reason, std::uint16_t code, std::string_view text) {
  std::string frame;
  websocket::append_close(frame, code, text);
  connection_.send_answer(std::move(frame));
  phase_ = Phase::ending;
  deaf_ = true;
  close_reason_ = reason;
  wait_for(Wait::close, limits::close_patience);
  connection_.finish(reason);
  mark_dirty();
}

void Client::ping() {
  receives_seen_ = connection_.receives();
  sends_seen_ = connection_.sends();
  pinged_behind_backlog_ = connection_.send_in_flight();
  std::string frame;
  websocket::append_frame(frame, websocket::Opcode::ping, {});
  connection_.send_control(frame);
  connection_.relax();
  wait_for(Wait::pong, services().common.settings.websocket.ping_timeout);
  mark_dirty();
}

}  // namespace broker::shard
