// SPDX-License-Identifier: Apache-2.0
// The seam between the dialects and the broker. A session is a dialect's state on one connection: it is given what the
// peer sent, asks the broker (`Host`) to publish, subscribe and read, and is told the answers.
//
// Thread: a session lives on one shard and is only called there; no call comes from inside another call to the same
//   session, but a Host method never calls back before it returns.
// Errors: the peer's mistakes become an `Error` (answered in the dialect's own form) or `Host::close(Reason)`.
// Limits: before each message the host makes sure that there is room for one answer; a session that consumes several
//   commands in one call asks `Host::has_room()` before each.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "proto/message.h"
#include "proto/reason.h"

namespace proto {

// An answer that says no. `status` is an HTTP status, in every dialect; `reason` is what a dialect without words for it
// closes with, and what the metrics count: none where the status says all there is to say.
struct Error {
  int status = 0;
  std::string message;
  std::optional<Reason> reason = std::nullopt;
};

// A limit that was crossed.
[[nodiscard]] inline Error refusal(Reason reason, std::string message) {
  return {facts(reason).status, std::move(message), reason};
}

// The session's own name for a question it asked; it comes back with the answer.
using Tag = std::uint64_t;

// Where in a topic's log a subscription or a read begins.
struct Start {
  enum class From : std::uint8_t {
    now,    // only what is published from here on
    after,  // behind `value`, an offset; in another epoch, or beyond the newest, the whole log
    last,   // the newest `value` messages
  };
  From from = From::now;
  std::optional<std::uint64_t> epoch;  // with `after`: the epoch that the offset belongs to; none: the present one
  std::uint64_t value = 0;
  bool by_rule = false;  // the configuration says so, and not the peer: access.client_subscribe is not asked
};

// Messages that a subscriber will not get.
struct Gap {
  enum class Why : std::uint8_t { expired, epoch, overflow };
  Why why = Why::expired;
  std::uint64_t from = 0;  // first and last offset missed; both 0 when the reason is `epoch`
  std::uint64_t to = 0;
};

struct Published {
  std::uint64_t epoch = 0;
  std::uint64_t offset = 0;
};

struct Subscribed {
  std::uint64_t epoch = 0;
  std::uint64_t offset = 0;       // the newest at the moment of subscribing
  std::optional<bool> recovered;  // only when an offset was given: whether nothing was lost
};

struct LogPage {
  std::uint64_t epoch = 0;
  std::uint64_t offset = 0;  // the newest
  std::span<const Message> messages;
  bool more = false;  // the log holds more behind the last of `messages`
};

template <class T>
using Answer = std::variant<T, Error>;

// How deliveries are written for a peer. Everybody with the same WireFormat gets the same bytes, encoded once a shard;
// formats are compared by address, so they are constants. One that needs more than a function derives from it.
struct WireFormat {
  std::string_view name;
  // Appends the message in full (with its WebSocket frame header, or as an SSE event …). Nothing appended: this format
  // cannot carry that message, and it is counted.
  void (*append)(const WireFormat& self, const Message&, std::string& out) = nullptr;
  // Why nothing was appended, as a metric's label; null: everything can be carried.
  std::string_view (*refusal)(const WireFormat& self, const Message&) = nullptr;
};

// In place of a format: what is delivered differs from one session to the next, so that each writes its own
// (Session::append_delivery). It costs every subscriber what otherwise all of them share.
inline constexpr WireFormat by_session{"by session"};

// What time it is in the present turn.
struct Clock {
  std::int64_t steady_ms = 0;  // never jumps
  std::int64_t wall_us = 0;    // since 1970
};

class WebSocketSession;

namespace socketio {
struct Services;
struct SessionAnswer;
struct SessionQuestion;
}  // namespace socketio

// What a session may ask of the broker. Each asking method either refuses at once (an Error is returned and no answer
// will follow) or answers later, exactly once, by the session's `on_…` method with the same tag, unless the connection
// closes first, or the publication is a quiet one and went well. All views are copied before the call returns.
class Host {
 public:
  [[nodiscard]] virtual std::optional<Error> publish(Tag, const Publication&) = 0;
  // A second subscription to the same topic on one connection is refused with 409.
  [[nodiscard]] virtual std::optional<Error> subscribe(Tag, std::string_view topic, const Start&) = 0;
  // Takes effect at once: nothing of the topic is sent after it. 404 when there is no such subscription.
  [[nodiscard]] virtual std::optional<Error> unsubscribe(std::string_view topic) = 0;
  [[nodiscard]] virtual std::optional<Error> read_log(Tag, std::string_view topic, const Start&,
                                                      std::uint32_t limit) = 0;

  // Sends bytes as they are (a session on WebSocket frames them itself: proto/websocket/frame.h). Never lost to a
  // queue's policy, and in order with deliveries.
  virtual void send(std::string_view bytes) = 0;
  // Closes the connection in an orderly way: what was sent before still leaves, then a WebSocket close frame with the
  // reason's code follows. Further input is not looked at.
  virtual void close(Reason) = 0;
  // Whether there is room for one more answer of up to limits::answer_bytes_max bytes.
  [[nodiscard]] virtual bool has_room() const = 0;

  [[nodiscard]] virtual Clock clock() const = 0;
  // Session::on_timer is called once, so long from now. What was asked for before is forgotten. In HTTP from the body's
  // end on, as long as the answer is owed or streams, and 0 is the turn's end.
  virtual void wake_in(std::chrono::milliseconds) = 0;
  // 15 unguessable bytes as 20 characters of base64url.
  [[nodiscard]] virtual std::string make_secret() = 0;
  // Of a subscription to a topic or a stream: whom an audience names (proto/audience.h). Requires: subscribed to it.
  virtual void join(std::string_view topic, std::string_view member) = 0;
  virtual void part(std::string_view topic, std::string_view member) = 0;
  [[nodiscard]] virtual bool is_member(std::string_view topic, std::string_view member) const = 0;
  // Asked in on_subscribed: what is published from here on stays in the log until go_live(), and is handed out then.
  // A subscription that is live already stays so.
  virtual void hold_live(std::string_view topic) = 0;
  virtual void go_live(std::string_view topic) = 0;
  // To a session that outlives its connections, wherever it is (proto/socketio/session_question.h); answered, where it
  // is, by Session::on_session_answer.
  virtual void ask(socketio::SessionQuestion&&) = 0;

 protected:
  ~Host() = default;
};

class Session {
 public:
  virtual ~Session() = default;
  virtual void on_published(Tag, const Answer<Published>&, Host&) {}
  // Deliveries follow this call, never precede it. The host sends `append_gap` of what was lost right behind it.
  virtual void on_subscribed(Tag, std::string_view /*topic*/, const Answer<Subscribed>&, Host&) {}
  virtual void on_log(Tag, const Answer<LogPage>&, Host&) {}
  // Writes the announcement of a loss at its place in the stream; dialects that have no words for it write nothing.
  virtual void append_gap(std::string_view /*topic*/, const Gap&, std::string& /*out*/) const {}
  // It may not subscribe to the topic any longer; the host ends the subscription behind this call.
  virtual void on_revoked(std::string_view /*topic*/, Host& host) { host.close(Reason::policy_violation); }
  // What was to be replayed has been handed out: from here on the subscription is live. Behind every on_subscribed that
  // was no refusal.
  virtual void on_live(std::string_view /*topic*/, Host&) {}
  // Writes a delivery of a topic whose format is by_session; or nothing, where it sends what it has to say later
  // (Host::wake_in). The host queues it as any other delivery. Of the host only this is asked.
  virtual void append_delivery(const Message&, std::string& /*out*/, Host&) {}
  // Host::wake_in said so.
  virtual void on_timer(Host&) {}
  virtual void on_session_answer(socketio::SessionAnswer&&, Host&) {}
  // Null for a session that never subscribes.
  [[nodiscard]] virtual const WireFormat* wire_format() const { return nullptr; }
  // Of one topic's deliveries, where they differ.
  [[nodiscard]] virtual const WireFormat* wire_format_of(std::string_view /*topic*/) const { return wire_format(); }
};

// What a peer's WebSocket message is: RFC 6455 §5.6.
enum class DataType : std::uint8_t { text, binary };

class WebSocketSession : public Session {
 public:
  // The 101 has been queued; called once, before the first message.
  virtual void on_open(Host&) {}
  // One whole message; text has been checked to be UTF-8. `payload` may be changed in place.
  virtual void on_message(DataType, std::span<char> payload, Host&) = 0;
  // False: the peer is not read on.
  [[nodiscard]] virtual bool takes_messages() const { return true; }
  // It keeps watch over its peer by itself: the host sends no pings.
  [[nodiscard]] virtual bool watches_peer() const { return false; }
  // A close frame of ours says why in words, and not by its code alone.
  [[nodiscard]] virtual bool says_why() const { return true; }
  // The connection ends or has ended, whoever wanted that; called once, and the last call. It may still publish.
  virtual void on_end(Reason, Host&) {}
  // What it holds on the heap of what the peer sent, for the accounts of the connection.
  [[nodiscard]] virtual std::size_t held_bytes() const { return 0; }
  // By which requests may ask for it; empty: they may not.
  [[nodiscard]] virtual std::string_view session_id() const { return {}; }
};

// The answer to one HTTP request. What every answer carries (Connection, CORS, Kodama-Shard) the host adds.
struct Response {
  int status = 200;
  std::string_view content_type = "application/json";
  std::string_view body = {};
  std::string_view extra_headers = {};  // whole lines, each with CRLF
  bool last = false;                    // the connection ends behind it
};

class HttpHost : public Host {
 public:
  // Answers in one piece and ends the exchange.
  virtual void respond(const Response&) = 0;
  // Answers in pieces: a head, any number of write(), end(). HTTP/1.1 gets chunks, HTTP/1.0 a connection that closes.
  virtual void begin(const Response& head) = 0;
  virtual void write(std::string_view bytes) = 0;
  virtual void end() = 0;
  // Answers with a head and a body that has no end: deliveries, gaps and what is sent from here on, until either side
  // closes (RFC 9112 §6.3, so in HTTP/1.0 too). The session lives as long; a drain closes by itself. Requires: the
  // body has ended. The answer to HEAD ends with its head.
  virtual void stream(const Response& head) = 0;

  // Whether access.origins allows what the request's Origin says, or it has none.
  [[nodiscard]] virtual bool origin_allowed() const = 0;
  // Instead of an answer: the connection becomes a WebSocket with that session (RFC 6455 §4.2.2), or is refused where
  // the request's handshake is faulty.
  // `extra_headers`: as in Response.
  virtual void upgrade(std::unique_ptr<WebSocketSession>, std::string_view extra_headers) = 0;
  // An id by which a session on this connection is found; each call makes another.
  [[nodiscard]] virtual std::string make_session_id() = 0;
  // What the sessions of Engine.IO ask of this shard.
  [[nodiscard]] virtual socketio::Services& session_services() = 0;

 protected:
  ~HttpHost() = default;
};

// One HTTP request and its answer. Its on_published and on_log are given an HttpHost: see HttpSession::http().
class HttpSession : public Session {
 public:
  // The head is read and accepted. Called once, before the body.
  virtual void on_request(HttpHost&) {}
  // A piece of the decoded body. Returns how much of it was taken; less than all means "no room now": the rest comes
  // again when there is room, and the peer is not read from until then.
  [[nodiscard]] virtual std::size_t on_body(std::string_view piece, HttpHost&) { return piece.size(); }
  // What of the body it holds on the heap, for the accounts of the connection.
  [[nodiscard]] virtual std::size_t held_bytes() const { return 0; }
  // Whether a client that waits for it is told to send its body (RFC 9110 §10.1.1) now; otherwise the session says so
  // itself, with Host::send.
  [[nodiscard]] virtual bool takes_body_now() const { return true; }
  // Its answer is for somebody who waits: where the peer ends its side, it waits no more.
  [[nodiscard]] virtual bool ends_with_input() const { return false; }
  // Whether it reads the request after on_request(). One that may wait long for its answer should not: the head's
  // memory is given back then.
  [[nodiscard]] virtual bool keeps_request() const { return true; }
  // The broker is going away: an answer that waits for something is given now. Not while it streams.
  virtual void on_drain(HttpHost&) {}
  // The connection ends before there was an answer; called once, and the last call.
  virtual void on_gone(HttpHost&) {}
  // The body has ended; the session answers now or later.
  virtual void on_body_end(HttpHost&) = 0;

 protected:
  static HttpHost& http(Host& host) { return static_cast<HttpHost&>(host); }
};

}  // namespace proto
