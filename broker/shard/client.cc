// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/client.h"

#include <algorithm>
#include <utility>

#include "broker/base/check.h"
#include "broker/net/tls.h"
#include "config/limits.h"
#include "proto/json.h"
#include "proto/topic_name.h"

namespace broker::shard {

namespace limits = config::limits;
using namespace std::chrono_literals;
using proto::Reason;

// proto/ cannot include config/, and has these as its own.
static_assert(proto::topic_name_bytes_max == limits::topic_bytes_max);
static_assert(proto::json_depth_max == limits::json_depth_max);
static_assert(proto::json_value_bytes_max == limits::json_bytes_max);

Client::Client(Services& services, ClientId id, int socket, std::unique_ptr<net::Tls> tls, base::Transport transport,
               const Admitted& admitted)
    : Subscriber(id), connection_(services, *this, socket, std::move(tls)), admitted_(admitted), transport_(transport) {
  timer_.bind<&Client::on_timer>(*this);
  services.metrics.connections(transport_, dialect_).add();
  if (transport_ == base::Transport::https) ++services.memory.tls_connections;
}

Client::~Client() {
  services().metrics.connections(transport_, dialect_).sub();
  services().admission.leave(admitted_);
  services().memory.own -= held_bytes_;
  if (transport_ == base::Transport::https || transport_ == base::Transport::wss) --services().memory.tls_connections;
  KODAMA_CHECK(!dirty_ && !blocked_);
}

void Client::start() {
  const bool secure = connection_.tls() != nullptr;
  Stories& stories = services().stories;
  if (stories.told()) {
    stories.opened(id_, connection_.socket(), secure ? base::Listener::https : base::Listener::http);
  }
  const config::Timeouts& timeouts = services().common.settings.timeouts;
  if (secure) {
    wait_for(Wait::handshake, timeouts.handshake);
  } else {
    wait_for(Wait::head, timeouts.head);
  }
  connection_.start();
}

// ---- net::Stream

void Client::on_secured() noexcept {
  const net::Tls& tls = *connection_.tls();
  const bool newest = std::string_view(tls.version()) == "TLSv1.3";
  services()
      .metrics
      .tls_handshakes(newest ? base::TlsVersion::tls1_3 : base::TlsVersion::tls1_2, tls.resumed(), base::TlsResult::ok)
      .add();
  wait_for(Wait::head, services().common.settings.timeouts.head);
}

std::size_t Client::on_bytes(std::span<std::uint8_t> bytes) noexcept {
  mark_dirty();
  input_changed_ = true;
  std::size_t taken = 0;
  if (phase_ == Phase::http) taken = read_http(bytes);
  if (phase_ == Phase::websocket) taken += read_websocket(bytes.subspan(taken));
  const bool unread = phase_ == Phase::ending || phase_ == Phase::stream;  // what comes behind is of no interest
  return unread ? bytes.size() : taken;
}

void Client::on_end() noexcept {
  mark_dirty();
  if (close_pending_) return;
  const bool waits = phase_ == Phase::http && under_way() && http_->body_ended;
  if (waits && !(http_->session != nullptr && http_->session->ends_with_input())) {
    http_->input_ended = true;  // it asked and closed its side; it still gets its answer
  } else {
    end_connection(Reason::peer_closed);
  }
}

void Client::on_left(const net::SharedBytes& bytes) noexcept { account_left(bytes, dialect_); }

// Hot: after most sends nothing is left to see to, and the client is not visited a second time for its delivery.
void Client::on_progress() noexcept {
  if (at_rest() && held_bytes_ == 0) return show_queue();
  mark_dirty();
}

bool Client::at_rest() const {
  const bool open = phase_ == Phase::websocket || phase_ == Phase::stream;
  return open && !close_pending_ && !connection_.wants_flush() && !connection_.reading_paused() && !replays();
}

void Client::on_dead(Reason reason) noexcept {
  end_session(reason);
  connection_.queue().clear([&](const net::SharedBytes& bytes) { account_dropped(bytes, reason); });
  show_queue();
  remove_all_subscriptions();
  deaf_ = true;
  phase_ = Phase::ending;
  services().timers.cancel(timer_);
  if (connection_.tls() != nullptr && !connection_.secured()) {
    services().metrics.tls_handshakes(base::TlsVersion::tls1_3, false, base::TlsResult::failed).add();
  }
  services().metrics.connections_closed[reason].add();
  if (services().stories.told()) {
    services().stories.ended(id_, {.reason = reason,
                                   .dialect = services().common.dialects[dialect_]->name(),
                                   .receives = connection_.receives(),
                                   .sends = connection_.sends()});
  }
  services().dead.push_back(id_);
}

// ---- proto::Host

std::optional<proto::Error> Client::publish(proto::Tag tag, const proto::Publication& publication) {
  base::ShardMetrics& metrics = services().metrics;
  if (phase_ == Phase::websocket && !publication.by_rule &&
      !services().common.access.client_may_publish(publication.topic)) {
    metrics.publishes_refused[Reason::policy_violation].add();
    return proto::Error{403, "clients may not publish to this topic"};
  }
  if (phase_ == Phase::http) count_command();  // a line of many, or the request's only message
  return send_to_home(tag, publication, dialect_, wants_answer(publication));
}

// Most messages are small and quiet, and spare home the answer. A large one's answer paces its publisher, a
// subscriber's makes a close wait until what it publishes has been delivered to itself.
bool Client::wants_answer(const proto::Publication& publication) const {
  return !publication.quiet || publication.content.size() > limits::unanswered_bytes_max || subscribes();
}

// While HTTP has not begun to answer, respond() counts the refusal.
proto::Error Client::refuse_publish(Reason reason, std::string message) {
  if (phase_ == Phase::http && !http_->answering) return proto::refusal(reason, std::move(message));
  return Subscriber::refuse_publish(reason, std::move(message));
}

std::optional<proto::Error> Client::subscribe(proto::Tag tag, std::string_view topic, const proto::Start& start) {
  proto::Start begin = start;
  begin.by_rule |= has_backend_key();
  if (!begin.by_rule && !services().common.access.client_may_subscribe(topic)) return not_readable();
  return add_subscription(tag, topic, begin, dialect_);
}

bool Client::has_backend_key() const {
  return phase_ == Phase::http && services().common.access.backend_allowed(http_->request->header("authorization"));
}

std::optional<proto::Error> Client::unsubscribe(std::string_view topic) { return remove_subscription(topic); }

std::optional<proto::Error> Client::read_log(proto::Tag tag, std::string_view topic, const proto::Start& start,
                                             std::uint32_t limit) {
  const bool allowed = start.by_rule || services().common.access.client_may_subscribe(topic) || has_backend_key();
  if (!allowed) return not_readable();
  ask_log(tag, topic, start, limit);
  return std::nullopt;
}

void Client::send(std::string_view bytes) {
  if (phase_ == Phase::http && http_ != nullptr && http_->answered) return;  // a stream that HEAD or a drain has ended
  connection_.send_answer(std::string(bytes));
  mark_dirty();
}

bool Client::has_room() const {
  const std::size_t promised = (outstanding_ + std::size_t{1}) * limits::answer_bytes_max;
  if (compressed_input_ != nullptr && compressed_input_->inflated_bytes >= limits::inflated_bytes_per_turn)
    return false;
  if (phase_ == Phase::websocket && !websocket().takes_messages()) return false;
  return may_publish() && connection_.queue().answer_bytes() + promised <= limits::reply_room_bytes;
}

void Client::wake_in(std::chrono::milliseconds from_now) {
  if (close_pending_ || phase_ == Phase::ending) return;
  const bool waits = phase_ == Phase::http && http_->body_ended && !http_->answered;
  if (phase_ == Phase::http && !waits) return;
  const bool at_once = from_now.count() <= 0 && phase_ != Phase::websocket;
  wait_for(at_once ? Wait::turn_end : Wait::session, from_now);
  if (wait_ == Wait::turn_end) mark_dirty();
}

void Client::ask(proto::socketio::SessionQuestion&& question) {
  stop_if_full(services().sessions.ask(id_, std::move(question)));
}

// Its session has this WebSocket for itself: what else asks for it by its id is refused, or closed.
bool Client::on_session_question(const Asker& asker, proto::socketio::SessionQuestion& question) noexcept {
  using Kind = proto::socketio::SessionQuestion::Kind;
  const bool ours = phase_ == Phase::websocket && websocket().session_id() == question.sid;
  const bool waits = question.kind == Kind::poll || question.kind == Kind::post || question.kind == Kind::other ||
                     question.kind == Kind::probe;
  if (!ours || !waits) return false;
  if (question.kind == Kind::probe) {
    services().sessions.answer(asker, {.kind = proto::socketio::SessionAnswer::Kind::occupied});
  } else {
    services().sessions.refuse(asker, proto::socketio::EngineError::bad_request);
  }
  return true;
}

bool Client::on_session_answer(proto::socketio::SessionAnswer&& answer) noexcept {
  proto::Session* const asked = session();
  if (asked == nullptr || close_pending_) return false;
  mark_dirty();
  if (answer.moved != nullptr) {
    take_over(std::move(answer.moved));
  } else if (answer.kind == proto::socketio::SessionAnswer::Kind::give_up) {
    close(Reason::taken_over);
  } else {
    asked->on_session_answer(std::move(answer), *this);
  }
  return true;
}

std::string Client::make_session_id() { return services().sessions.id_of(id_); }

void Client::count_command() {
  const config::Limits& most = services().common.settings.limits;
  const std::uint32_t rate = phase_ == Phase::websocket ? most.websocket_rate : most.http_rate;
  if (rate > 0) pay(1'000'000'000 / rate);
}

// What was asked before is still answered: the close waits for it.
void Client::close(Reason reason) {
  if (phase_ == Phase::ending || close_pending_) return;
  close_pending_ = true;
  close_reason_ = reason;
  wait_for(Wait::close, limits::close_patience);
  mark_dirty();
}

// ---- the turn's end

void Client::settle() {
  dirty_ = false;
  if (compressed_input_ != nullptr) compressed_input_->inflated_bytes = 0;
  if (wait_ == Wait::turn_end) on_timer();
  if (phase_ == Phase::http) finish_exchange();
  if (phase_ != Phase::ending) go_on_reading();
  if (phase_ != Phase::ending && close_pending_ && outstanding_ == 0) end_connection(close_reason_);
  if (phase_ != Phase::ending) {
    prepare_send(connection_.send_in_flight());
  } else {
    remove_all_subscriptions();
    decoder_.reset();
    compressed_input_.reset();
  }
  opening_ = opening_ && outstanding_ > 0 && phase_ == Phase::websocket;
  if (!opening_) connection_.flush();
  show_queue();
  account_memory();
}

void Client::go_on_reading() {
  if (!connection_.reading_paused() || close_pending_) return;
  if (over_rate() && !throttled_) hold_back();
  if (!has_room()) return;
  if (phase_ == Phase::http) {
    if (!offer_body()) return;
    const config::Timeouts& timeouts = services().common.settings.timeouts;
    if (wait_ == Wait::answers_taken && under_way()) wait_for(Wait::body, timeouts.body);
    if (wait_ == Wait::answers_taken && !under_way()) wait_for(Wait::head, timeouts.head);
  }
  connection_.resume_reading();
  // With its last piece taken a body has ended: that event needs no bytes to call for it.
  if (phase_ == Phase::http && http_ != nullptr) (void)read_http({});
}

void Client::go_away() {
  if (phase_ == Phase::ending || close_pending_) return;
  if (phase_ == Phase::http && under_way()) return answer_now();  // finish_exchange() ends it
  close(phase_ == Phase::http ? Reason::answered : Reason::going_away);
}

void Client::cut() {
  connection_.abort(close_pending_ || phase_ == Phase::ending ? close_reason_ : Reason::going_away, true);
}

// ---- endings

void Client::end_connection(Reason reason) {
  if (phase_ == Phase::ending) return;
  end_session(reason);
  close_reason_ = reason;
  if (phase_ == Phase::websocket) {
    const proto::ReasonFacts& facts = proto::facts(reason);
    if (reason == Reason::peer_closed && peer_said_close_) return close_websocket(reason, peer_close_code_, {});
    if (facts.close_code == 0) {  // the peer is gone, or has nothing coming
      phase_ = Phase::ending;
      connection_.abort(reason);
      return;
    }
    return close_websocket(reason, facts.close_code, websocket().says_why() ? facts.label : std::string_view());
  }
  phase_ = Phase::ending;
  deaf_ = true;
  wait_for(Wait::close, limits::close_patience);
  connection_.finish(reason);
  mark_dirty();
}

void Client::end_session(Reason reason) {
  if (session_ended_) return;
  session_ended_ = true;
  if (phase_ == Phase::websocket) return websocket().on_end(reason, *this);
  if (http_ != nullptr && http_->session != nullptr && !http_->answered) http_->session->on_gone(*this);
}

void Client::on_overflow() noexcept {
  deaf_ = true;
  if (phase_ != Phase::ending) end_connection(Reason::slow_consumer);
}

// Asked for in order to be called.
proto::Session* Client::session() {
  input_changed_ = true;
  switch (phase_) {
    case Phase::http: return http_ == nullptr ? nullptr : http_->session.get();
    case Phase::stream:
    case Phase::websocket: return session_.get();
    case Phase::ending: break;
  }
  return nullptr;
}

void Client::set_dialect(std::uint32_t dialect, base::Transport transport) {
  services().metrics.connections(transport_, dialect_).sub();
  dialect_ = static_cast<std::uint8_t>(dialect);
  transport_ = transport;
  services().metrics.connections(transport_, dialect_).add();
}

// ---- time

void Client::wait_for(Wait wait, std::chrono::nanoseconds from_now) {
  wait_ = wait;
  if (wait == Wait::close) sends_seen_ = connection_.sends();  // what moved before its goodbye does not count
  if (wait == Wait::nothing || wait == Wait::turn_end) {
    services().timers.cancel(timer_);
  } else {
    services().timers.arm(
        timer_, services().now.steady + std::chrono::duration_cast<base::TimerWheel::Clock::duration>(from_now));
  }
}

void Client::on_timer() noexcept {
  switch (wait_) {
    case Wait::nothing: return;
    case Wait::handshake: return connection_.abort(Reason::handshake_timeout);
    case Wait::idle: return end_connection(Reason::answered);
    case Wait::head:
      // It never asked for anything.
      if (http_ == nullptr || http_->reader.idle()) return end_connection(Reason::head_timeout);
      return refuse(Reason::head_timeout, 408, "the request's head did not come in time");
    case Wait::body: return refuse(Reason::body_timeout, 408, "the request's body did not come in time");
    case Wait::answers_taken: return end_connection(Reason::read_timeout);
    case Wait::ping_due: return ping();
    case Wait::pong: return on_pong_due();
    case Wait::turn_end:
    case Wait::session:
      wait_ = Wait::nothing;
      if (proto::Session* const asked = session()) asked->on_timer(*this);
      return;
    case Wait::close: return on_close_due();
  }
}

// Whatever the peer has sent is as good as a pong. So is that a send moved which its full socket had held up before the
// ping: the pong of a slow reader may be long in coming.
void Client::on_pong_due() {
  const bool moved = pinged_behind_backlog_ && connection_.sends() != sends_seen_;
  const bool alive = moved || connection_.receives() != receives_seen_;
  if (!alive && !connection_.reading_paused()) return end_connection(Reason::ping_timeout);
  // While we do not read we cannot hear its pong; but if we do not read because it takes no answers, that is enough.
  if (!alive && connection_.queue().answer_bytes() > 0 && !blocked_ && !throttled_)
    return end_connection(Reason::read_timeout);
  wait_for(Wait::ping_due, services().common.settings.websocket.ping_interval);
}

// A goodbye that still moves, behind a long queue, is left to move; what is in the kernel's hands alone is left to it.
void Client::on_close_due() {
  const bool flushing = connection_.state() == net::Connection::State::finishing;
  if (flushing && connection_.sends() != sends_seen_) return wait_for(Wait::close, limits::close_patience);
  connection_.abort(phase_ == Phase::ending ? close_reason_ : Reason::close_timeout, flushing);
}

}  // namespace broker::shard
