// SPDX-License-Identifier: Apache-2.0
// An Engine.IO session while it polls: its packets wait in a queue until a GET fetches them, and come by POSTs; each is
// a request on some connection of some shard (docs/engine.io-protocol/v4-current.md, "HTTP long-polling").
//
// Thread: the shard that its id names. Owned by the ClientTable, as a client is.
// Errors: every end has a Reason, which is counted once; what a request is told is an EngineError.
// Life: open → moving (a WebSocket is to have the session) → moved (its requests are refused), or
//   open → ending (one more request is told so) → destroyed.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "broker/shard/sessions.h"
#include "broker/shard/subscriber.h"
#include "proto/socketio/session_question.h"

namespace broker::shard {

class PollingSession final : public Subscriber, public proto::Host {
 public:
  PollingSession(Services& services, ClientId id, std::unique_ptr<proto::socketio::EngineSession> session,
                 std::uint8_t dialect);
  ~PollingSession() override;

  // Begins; the open packet is for who asked.
  void start(const Asker& asker);

  // Begins with a session that ends at once.
  void adopt();

  void settle() override;
  void go_away() override { close(proto::Reason::going_away); }
  void cut() override;
  void shed() override;
  bool on_session_answer(proto::socketio::SessionAnswer&&) noexcept override;
  bool on_session_question(const Asker& asker, proto::socketio::SessionQuestion& question) noexcept override;

 private:
  enum class Phase : std::uint8_t {
    open,
    moving,    // as soon as nothing is outstanding
    moved,     // to the WebSocket
    ending,    // close() was called
    farewell,  // the next GET is told
    ended,
  };

  // proto::Host
  std::optional<proto::Error> publish(proto::Tag, const proto::Publication&) override;
  std::optional<proto::Error> subscribe(proto::Tag, std::string_view topic, const proto::Start&) override;
  std::optional<proto::Error> unsubscribe(std::string_view topic) override;
  std::optional<proto::Error> read_log(proto::Tag, std::string_view topic, const proto::Start&,
                                       std::uint32_t limit) override;
  void send(std::string_view bytes) override;
  void close(proto::Reason reason) override;
  bool has_room() const override;
  proto::Clock clock() const override { return read_clock(); }
  void wake_in(std::chrono::milliseconds from_now) override;
  std::string make_secret() override { return new_secret(); }
  void join(std::string_view stream, std::string_view member) override { add_member(stream, member); }
  void part(std::string_view stream, std::string_view member) override { remove_member(stream, member); }
  bool is_member(std::string_view stream, std::string_view member) const override { return has_member(stream, member); }
  void hold_live(std::string_view topic) override { hold_subscription(topic); }
  void go_live(std::string_view topic) override { release_subscription(topic); }
  void ask(proto::socketio::SessionQuestion&&) override;

  // Subscriber
  Services& services() const override { return services_; }
  net::SendQueue& queue() override { return queue_; }
  proto::Session* session() override { return phase_ < Phase::moved ? session_.get() : nullptr; }
  proto::Host& host() override { return *this; }
  void on_overflow() noexcept override { close(proto::Reason::slow_consumer); }
  void pause_reading() override {}  // has_room() says it

  void on_poll(const Asker& asker);
  void on_post(const Asker& asker, const proto::socketio::SessionQuestion& question);
  void on_body(const Asker& asker, proto::socketio::SessionQuestion& question);
  void on_gone(const Asker& asker);
  void on_probe(const Asker& asker);
  [[nodiscard]] bool is_fit(const proto::socketio::SessionQuestion& question) const;

  void read_body();
  void answer_poll();
  void answer(std::optional<Asker>& asker, proto::socketio::SessionAnswer&&);
  void move();
  void end();
  void say_farewell();
  void bury();
  void on_session_timer() noexcept;
  void on_own_timer() noexcept;
  void wait(std::chrono::milliseconds from_now, base::Timer& timer);
  void account_memory();

  // Of the POST that is being answered, as far as it has not been read.
  struct Body {
    explicit Body(std::string&& whole) : bytes(std::move(whole)), reader(bytes, bytes.size()) {}
    std::string bytes;
    proto::socketio::PayloadReader reader;
  };

  Services& services_;
  std::unique_ptr<proto::socketio::EngineSession> session_;
  std::string session_id_;
  net::SendQueue queue_;
  std::unique_ptr<Body> body_;      // null: it has not come yet, or none is being read
  std::optional<Asker> poll_;       // the GET that waits
  std::optional<Asker> post_;       // the POST that is being read
  std::optional<Asker> candidate_;  // the WebSocket that may have the session
  base::Timer session_timer_;
  base::Timer own_timer_;
  std::uint32_t held_bytes_ = 0;  // counted in services().memory.own
  Phase phase_ = Phase::open;
  proto::socketio::Framing candidate_framing_ = proto::socketio::Framing::websocket;
  proto::Reason reason_ = proto::Reason::peer_closed;
  const std::uint8_t dialect_;  // in the metrics
  bool at_once_ : 1 = false;    // it ends without a farewell to the next GET
  bool probing_ : 1 = false;
};

}  // namespace broker::shard
