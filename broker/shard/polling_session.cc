// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/polling_session.h"

#include <utility>

#include "broker/shard/services.h"
#include "config/limits.h"
#include "proto/socketio/candidate.h"

namespace broker::shard {

namespace limits = config::limits;
using proto::Reason;
using proto::socketio::EngineError;
using proto::socketio::Framing;
using proto::socketio::SessionAnswer;
using proto::socketio::SessionQuestion;

namespace {

// What a poll is told when the session is closed.
constexpr std::string_view farewell = "1";
constexpr std::string_view noop_and_farewell =
    "6\x1e"
    "1";

SessionAnswer payload(std::string_view bytes) {
  return {.kind = SessionAnswer::Kind::payload, .bytes = std::string(bytes), .sid = {}, .moved = {}};
}

}  // namespace

PollingSession::PollingSession(Services& services, ClientId id, std::unique_ptr<proto::socketio::EngineSession> session,
                               std::uint8_t dialect)
    : Subscriber(id),
      services_(services),
      session_(std::move(session)),
      session_id_(session_->sid()),
      dialect_(dialect) {
  session_timer_.bind<&PollingSession::on_session_timer>(*this);
  own_timer_.bind<&PollingSession::on_own_timer>(*this);
  services.metrics.polling_sessions.add();
}

PollingSession::~PollingSession() {
  services().metrics.polling_sessions.sub();
  services().memory.own -= held_bytes_;
}

void PollingSession::start(const Asker& asker) {
  poll_ = asker;
  mark_dirty();
  session_->on_open(*this);
}

// It was on its way to a WebSocket that is gone.
void PollingSession::adopt() {
  session_->on_moved(services().session_services, {}, *this);
  at_once_ = true;
  close(Reason::peer_reset);
}

// ---- questions

bool PollingSession::on_session_question(const Asker& asker, SessionQuestion& question) noexcept {
  using Kind = SessionQuestion::Kind;
  const bool ours = question.sid == session_id_ && phase_ != Phase::ended;
  if (!ours) return false;
  if (question.kind == Kind::gone) {
    on_gone(asker);
    return true;
  }
  if (phase_ == Phase::farewell) {
    if (question.kind != Kind::poll) return false;
    poll_ = asker;
    say_farewell();
    return true;
  }
  if (phase_ == Phase::ending) return false;
  if (question.kind == Kind::body) {
    on_body(asker, question);
  } else if (phase_ == Phase::moved && question.kind == Kind::probe) {
    services().sessions.answer(asker, {.kind = SessionAnswer::Kind::occupied});
  } else if (phase_ == Phase::moved || !is_fit(question)) {
    services().sessions.refuse(asker, EngineError::bad_request);
  } else {
    switch (question.kind) {
      case Kind::poll: on_poll(asker); break;
      case Kind::post: on_post(asker, question); break;
      case Kind::probe: on_probe(asker); break;
      case Kind::probing:
        probing_ = candidate_ == asker;
        on_own_timer();
        break;
      case Kind::take:
        if (candidate_ != asker) return false;
        // The client has ended its polling before its `5`: what is still being sent is nobody's.
        if (body_ == nullptr) answer(post_, {.kind = SessionAnswer::Kind::refused, .error = EngineError::bad_request});
        candidate_framing_ = question.base64 ? Framing::websocket_base64 : Framing::websocket;
        phase_ = Phase::moving;
        break;
      default: services().sessions.refuse(asker, EngineError::bad_request);
    }
  }
  mark_dirty();
  return true;
}

bool PollingSession::is_fit(const SessionQuestion& question) const {
  const bool by_websocket = question.kind >= SessionQuestion::Kind::probe;
  return question.version_4 && by_websocket == (question.transport == proto::socketio::Transport::websocket);
}

void PollingSession::on_poll(const Asker& asker) {
  if (session_->is_overdue(clock())) {
    close(Reason::ping_timeout);
    return services().sessions.refuse(asker, EngineError::unknown_sid);
  }
  if (poll_) {  // of two at a time neither can be served
    at_once_ = true;
    close(Reason::protocol_error);
    return services().sessions.refuse(asker, EngineError::bad_request);
  }
  poll_ = asker;
  if (probing_) wait(limits::noop_interval, own_timer_);  // for a `5` that left before it, by another connection
}

void PollingSession::on_post(const Asker& asker, const SessionQuestion& question) {
  if (post_ || question.raw_bytes) {
    answer(post_, {.kind = SessionAnswer::Kind::cut});
    at_once_ = true;
    close(Reason::protocol_error);
    return services().sessions.refuse(asker, EngineError::bad_request);
  }
  if (question.too_large) return services().sessions.answer(asker, {.kind = SessionAnswer::Kind::too_large});
  post_ = asker;
  if (question.wants_word) services().sessions.answer(asker, {.kind = SessionAnswer::Kind::go_on});
}

void PollingSession::on_body(const Asker& asker, SessionQuestion& question) {
  if (post_ != asker) return;  // it has been told what became of it
  if (question.too_large) return answer(post_, {.kind = SessionAnswer::Kind::too_large});
  if (phase_ == Phase::moved) {
    return answer(post_, {.kind = SessionAnswer::Kind::refused, .error = EngineError::bad_request});
  }
  body_ = std::make_unique<Body>(std::move(question.body));
}

void PollingSession::on_gone(const Asker& asker) {
  if (candidate_ == asker) {
    candidate_.reset();
    probing_ = false;
    if (phase_ == Phase::moving) phase_ = Phase::open;
  }
  const bool breaks_off = poll_ == asker || post_ == asker;
  if (poll_ == asker) poll_.reset();
  if (post_ == asker) post_.reset();
  if (breaks_off) close(Reason::peer_reset);
}

void PollingSession::on_probe(const Asker& asker) {
  if (candidate_) return services().sessions.answer(asker, {.kind = SessionAnswer::Kind::occupied});
  candidate_ = asker;
  services().sessions.answer(asker, {.kind = SessionAnswer::Kind::go_on});
}

void PollingSession::answer(std::optional<Asker>& asker, SessionAnswer&& answer) {
  if (!asker) return;
  services().sessions.answer(*asker, std::move(answer));
  asker.reset();
}

// ---- proto::Host

std::optional<proto::Error> PollingSession::publish(proto::Tag tag, const proto::Publication& publication) {
  return send_to_home(tag, publication, dialect_, true);
}

std::optional<proto::Error> PollingSession::subscribe(proto::Tag tag, std::string_view topic,
                                                      const proto::Start& start) {
  return add_subscription(tag, topic, start, dialect_);
}

std::optional<proto::Error> PollingSession::unsubscribe(std::string_view topic) { return remove_subscription(topic); }

std::optional<proto::Error> PollingSession::read_log(proto::Tag tag, std::string_view topic, const proto::Start& start,
                                                     std::uint32_t limit) {
  ask_log(tag, topic, start, limit);
  return std::nullopt;
}

void PollingSession::send(std::string_view bytes) {
  if (phase_ > Phase::moving) return;
  queue_.push_answer(std::string(bytes));
  mark_dirty();
}

// What the session does when it ends is done at the turn's end, as it may be on the stack.
void PollingSession::close(Reason reason) {
  if (phase_ > Phase::moving) return;
  phase_ = Phase::ending;
  reason_ = reason;
  deaf_ = true;
  mark_dirty();
}

bool PollingSession::has_room() const {
  const std::size_t promised = (outstanding_ + std::size_t{1}) * limits::answer_bytes_max;
  return may_publish() && queue_.answer_bytes() + promised <= limits::reply_room_bytes;
}

void PollingSession::wake_in(std::chrono::milliseconds from_now) { wait(from_now, session_timer_); }

void PollingSession::ask(SessionQuestion&& question) {
  stop_if_full(services().sessions.ask(id_, std::move(question)));
}

// ---- the turn's end

void PollingSession::settle() {
  dirty_ = false;
  if (body_ != nullptr && phase_ <= Phase::moving) read_body();
  if (phase_ == Phase::ending) end();
  if (phase_ <= Phase::moving && over_rate() && !throttled_) hold_back();
  if (phase_ <= Phase::moving && poll_ && !queue_.empty()) answer_poll();
  if (phase_ <= Phase::moving) prepare_send(false);
  if (phase_ == Phase::moving && outstanding_ == 0 && !post_ && session_->may_move()) move();
  if (phase_ > Phase::moving) remove_all_subscriptions();
  show_queue();
  account_memory();
}

// A POST is answered when all of it has been taken; what there is no room for waits, and its sender with it.
void PollingSession::read_body() {
  using proto::socketio::PayloadResult;
  if (!has_room()) return;
  const PayloadResult result = session_->on_payload(body_->reader, limits::payload_bytes_per_turn, *this);
  if (result == PayloadResult::more) {
    if (has_room()) mark_dirty();  // for the next turn
    return;
  }
  body_.reset();
  if (result == PayloadResult::malformed) {
    at_once_ = true;
    return answer(post_, {.kind = SessionAnswer::Kind::refused, .error = EngineError::bad_request});
  }
  answer(post_, {.kind = SessionAnswer::Kind::accepted});
}

void PollingSession::answer_poll() {
  SessionAnswer told{.kind = SessionAnswer::Kind::payload, .sid = session_id_};
  told.bytes.reserve(queue_.bytes());
  queue_.clear([&](const net::SharedBytes& bytes) {
    told.bytes += bytes.bytes;
    account_left(bytes, dialect_);
  });
  told.bytes.erase(0, 1);  // each packet has a separator before it
  services().metrics.polls.add();
  answer(poll_, std::move(told));
}

// Nothing of it is outstanding: the session, what is queued for it and where its subscriptions stand go to the
// WebSocket together. What is sequenced from here on is fetched from the streams' logs, there.
void PollingSession::move() {
  answer(poll_, {.kind = SessionAnswer::Kind::refused, .error = EngineError::bad_request});
  auto moved = std::make_unique<proto::socketio::MovedSession>();
  for (const Standing& each : standings()) {
    moved->served.push_back({each.topic, {.epoch = each.epoch, .offset = each.offset}});
  }
  queue_.clear([&](const net::SharedBytes& bytes) { moved->queued += bytes.bytes; });
  session_->change_framing(candidate_framing_);
  moved->session = std::move(session_);
  phase_ = Phase::moved;
  deaf_ = true;
  services().timers.cancel(session_timer_);
  answer(candidate_, {.kind = SessionAnswer::Kind::moved, .moved = std::move(moved)});
  wait(limits::moved_session_age, own_timer_);
}

// ---- endings

void PollingSession::end() {
  services().timers.cancel(session_timer_);
  body_.reset();
  session_->on_end(reason_, *this);
  services().metrics.connections_closed[reason_].add();
  answer(post_, {.kind = SessionAnswer::Kind::refused, .error = EngineError::bad_request});
  answer(candidate_, {.kind = SessionAnswer::Kind::cut});
  queue_.clear([&](const net::SharedBytes& bytes) { account_dropped(bytes, reason_); });
  phase_ = Phase::farewell;
  if (poll_) return say_farewell();
  if (at_once_ || reason_ == Reason::ping_timeout || reason_ == Reason::peer_reset) return bury();
  wait(reason_ == Reason::peer_closed ? limits::late_poll_patience : limits::farewell_patience, own_timer_);
}

void PollingSession::say_farewell() {
  if (reason_ == Reason::peer_closed) {
    answer(poll_, payload(proto::socketio::release));
  } else {
    answer(poll_, payload(own_timer_.armed() ? noop_and_farewell : farewell));
  }
  bury();
}

void PollingSession::bury() {
  if (phase_ == Phase::ended) return;
  phase_ = Phase::ended;
  deaf_ = true;
  services().timers.cancel(own_timer_);
  remove_all_subscriptions();
  services().dead.push_back(id_);
}

void PollingSession::cut() {
  if (phase_ == Phase::ended) return;
  if (phase_ <= Phase::ending && session_ != nullptr) {
    reason_ = phase_ == Phase::ending ? reason_ : Reason::going_away;
    answer(poll_, {.kind = SessionAnswer::Kind::cut});
    end();
  }
  bury();
}

void PollingSession::shed() {
  queue_.drop_rest([this](const net::SharedBytes& bytes) { account_dropped(bytes, Reason::shed_reader); });
  close(Reason::shed_reader);
  show_queue();
  account_memory();
}

// ---- time

bool PollingSession::on_session_answer(SessionAnswer&& answer) noexcept {
  if (phase_ > Phase::moving) return false;
  mark_dirty();
  if (answer.kind == SessionAnswer::Kind::give_up) {
    close(Reason::taken_over);
  } else {
    session_->on_session_answer(std::move(answer), *this);
  }
  return true;
}

void PollingSession::on_session_timer() noexcept {
  if (phase_ <= Phase::moving) session_->on_timer(*this);
}

// While a WebSocket probes, each poll that waits is let go, so that the client can turn away from polling.
void PollingSession::on_own_timer() noexcept {
  switch (phase_) {
    case Phase::open:
    case Phase::moving:
      if (!probing_) return;
      if (poll_ && queue_.empty()) answer(poll_, payload(proto::socketio::release));
      return wait(limits::noop_interval, own_timer_);
    case Phase::moved:
    case Phase::farewell: return bury();
    case Phase::ending:
    case Phase::ended: return;
  }
}

void PollingSession::wait(std::chrono::milliseconds from_now, base::Timer& timer) {
  services().timers.arm(timer, services().now.steady + from_now);
}

void PollingSession::account_memory() {
  const auto held = static_cast<std::uint32_t>(queue_.answer_bytes() + queue_.replay_bytes() +
                                               (body_ == nullptr ? 0 : body_->bytes.size()) +
                                               (session_ == nullptr ? 0 : session_->held_bytes()));
  services().memory.own += std::int64_t{held} - held_bytes_;
  held_bytes_ = held;
}

}  // namespace broker::shard
