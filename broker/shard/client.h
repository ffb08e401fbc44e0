// SPDX-License-Identifier: Apache-2.0
// A client of the broker: a connection, the protocol that is spoken on it at the moment (HTTP first, then perhaps
// WebSocket) and the dialect's session. It is the Host that sessions ask.
//
// Thread: the shard. Owned by the ClientTable; destroyed at the end of the turn in which the connection died.
// Errors: every end has a Reason, which is counted once.
#pragma once

#include <memory>
#include <string>

#include "broker/shard/http_exchange.h"
#include "broker/shard/subscriber.h"
#include "proto/websocket/decoder.h"
#include "proto/websocket/handshake.h"

namespace proto::socketio {
struct MovedSession;
}

namespace broker::shard {

class Client final : public Subscriber, private net::Stream, public proto::HttpHost {
 public:
  Client(Services& services, ClientId id, int socket, std::unique_ptr<net::Tls> tls, base::Transport transport,
         const Admitted& admitted = {});
  ~Client() override;

  void start();
  void settle() override;
  // With 1001; an HTTP request that is under way is still answered.
  void go_away() override;
  void cut() override;
  void shed() override;
  [[nodiscard]] bool may_be_destroyed() const override {
    return Subscriber::may_be_destroyed() && !connection_.awaits_turn();
  }

  bool on_session_question(const Asker&, proto::socketio::SessionQuestion&) noexcept override;
  bool on_session_answer(proto::socketio::SessionAnswer&&) noexcept override;

 private:
  enum class Phase : std::uint8_t { http, stream, websocket, ending };
  // What the timer waits for.
  enum class Wait : std::uint8_t {
    nothing,
    handshake,
    head,
    body,
    idle,
    answers_taken,
    ping_due,
    pong,
    session,
    turn_end,
    close
  };

  // net::Stream
  void on_secured() noexcept override;
  std::size_t on_bytes(std::span<std::uint8_t> bytes) noexcept override;
  void on_end() noexcept override;
  void on_left(const net::SharedBytes& bytes) noexcept override;
  void on_progress() noexcept override;
  void on_dead(proto::Reason reason) noexcept override;

  [[nodiscard]] bool wants_answer(const proto::Publication&) const;
  [[nodiscard]] bool has_backend_key() const;

  // proto::HttpHost
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
  void respond(const proto::Response&) override;
  void begin(const proto::Response& head) override;
  void write(std::string_view bytes) override;
  void end() override;
  void stream(const proto::Response& head) override;
  bool origin_allowed() const override;
  void upgrade(std::unique_ptr<proto::WebSocketSession>, std::string_view extra_headers) override;
  std::string make_session_id() override;
  proto::socketio::Services& session_services() override { return services().session_services; }

  // client_http.cc
  [[nodiscard]] bool under_way() const { return http_ != nullptr && http_->under_way(); }
  std::size_t read_http(std::span<std::uint8_t> bytes);
  // Takes one event of the reader. Returns whether to go on reading.
  bool on_http_event(proto::http::RequestReader::Event& event);
  void on_request(proto::http::Request&& request);
  void refuse_admission();
  void refuse_for_memory();
  void open_http(const proto::http::Match& match);
  bool offer_body();
  // Who goes away does not let anybody wait.
  void answer_now();
  void refuse(proto::Reason reason, int status, std::string_view message, std::string_view extra_headers = {});
  void answer_preflight(const std::string& allow);
  void finish_exchange();
  // What was asked for has no end: the exchange is over, its session stays.
  void begin_stream();
  [[nodiscard]] std::string common_headers() const;
  [[nodiscard]] proto::http::ResponseParts parts(const proto::Response&) const;

  // client_websocket.cc
  void open_websocket(const proto::http::Match& match);
  void switch_protocols(std::unique_ptr<proto::WebSocketSession>, std::string_view subprotocol,
                        std::string_view extra_headers = {});
  void take_over(std::unique_ptr<proto::socketio::MovedSession>);
  std::size_t read_websocket(std::span<std::uint8_t> bytes);
  std::size_t read_frames(proto::websocket::Decoder& decoder, std::span<std::uint8_t> bytes);
  void on_websocket_event(proto::websocket::Event& event);

  // client_deflate.cc
  // What the handshake's answer says about it: a header line, or nothing.
  [[nodiscard]] std::variant<std::string, proto::websocket::Refusal> agree_on_compression(
      const proto::websocket::HandshakeRequest&, bool subscribes);
  void on_compressed(const proto::websocket::Event& event);

  void close_websocket(proto::Reason reason, std::uint16_t code, std::string_view text);
  void ping();

  // Subscriber
  Services& services() const override { return static_cast<Services&>(connection_.services()); }
  net::SendQueue& queue() override { return connection_.queue(); }
  proto::Session* session() override;
  proto::Host& host() override { return *this; }
  void on_overflow() noexcept override;
  void pause_reading() override { connection_.pause_reading(); }

  [[nodiscard]] bool at_rest() const;
  // Requires: Phase::websocket.
  [[nodiscard]] proto::WebSocketSession& websocket() const { return static_cast<proto::WebSocketSession&>(*session_); }
  // A command, message, ping or request of the peer's has come.
  void count_command();
  void account_memory();
  // Hot: what the session and the decoders hold is asked for again only when they were called since.
  [[nodiscard]] std::size_t held_input();
  [[nodiscard]] proto::Error refuse_publish(proto::Reason, std::string message) override;
  void go_on_reading();
  void on_timer() noexcept;
  void on_pong_due();
  void on_close_due();
  void wait_for(Wait wait, std::chrono::nanoseconds from_now);
  void set_dialect(std::uint32_t dialect, base::Transport transport);
  // Says what the protocol has to say, flushes and finishes. What is still to be answered is not waited for: see
  // close().
  void end_connection(proto::Reason reason);
  // Tells the session of the WebSocket, or of a request that is not answered yet; once.
  void end_session(proto::Reason reason);

  net::Connection connection_;
  std::unique_ptr<HttpExchange> http_;                  // in Phase::http, from a request's first byte to its end
  std::unique_ptr<proto::Session> session_;             // from Phase::stream or Phase::websocket until the end
  std::unique_ptr<proto::websocket::Decoder> decoder_;  // of a message that has not wholly come; otherwise the shard's
  std::unique_ptr<CompressedInput> compressed_input_;   // once there was some
  base::Timer timer_;
  const Admitted admitted_;
  std::uint32_t held_bytes_ = 0;     // counted in services().memory.own
  std::uint32_t input_bytes_ = 0;    // of these: what session and decoders hold, when last asked
  std::uint32_t receives_seen_ = 0;  // at the last ping
  std::uint32_t sends_seen_ = 0;     // at the last ping that met a backlog, or look at a close
  Phase phase_ = Phase::http;
  Wait wait_ = Wait::nothing;
  base::Transport transport_;
  std::uint8_t dialect_ = 0;
  bool input_changed_ : 1 = true;   // what they hold may be another amount by now
  bool opening_ : 1 = false;        // the 101 waits until its topic's home has heard of the subscriber
  bool close_pending_ : 1 = false;  // close() was called; it waits for the answers to what came before
  bool pinged_behind_backlog_ : 1 = false;
  bool peer_said_close_ : 1 = false;  // a WebSocket close frame has come
  bool session_ended_ : 1 = false;    // and knows it
  proto::Reason close_reason_ = proto::Reason::peer_closed;
  std::uint16_t peer_close_code_ = 0;
};
static_assert(sizeof(Client) <= 312, "an idle connection pays for it, in malloc's steps of 16 behind these");

}  // namespace broker::shard
