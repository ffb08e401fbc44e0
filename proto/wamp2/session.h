// SPDX-License-Identifier: Apache-2.0
// A client's session of WAMP v2 on a WebSocket: HELLO and GOODBYE, what it publishes, what it subscribes to. After a
// GOODBYE another session may begin on the same connection.
// Thread: the shard of its connection.
// Owns: its subscriptions' topics and ids. Borrows: the realms, which outlive it.
// Errors: what breaks the protocol is an ABORT, and the connection closes; what a request cannot have is an ERROR.
// Limits: a SUBSCRIBE that has to wait for something (the retained event, an earlier SUBSCRIBE to the same topic) holds
//   up what comes behind it, so that only one waits.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proto/session.h"
#include "proto/wamp2/message.h"
#include "proto/wamp2/realm.h"

namespace proto::wamp2 {

class Wamp2Session final : public WebSocketSession {
 public:
  explicit Wamp2Session(std::span<const Realm> realms) : realms_(realms) {}

  void on_message(DataType type, std::span<char> payload, Host& host) override;
  void on_published(Tag tag, const Answer<Published>& answer, Host& host) override;
  void on_subscribed(Tag tag, std::string_view topic, const Answer<Subscribed>& answer, Host& host) override;
  void on_revoked(std::string_view topic, Host& host) override;
  void on_log(Tag tag, const Answer<LogPage>& answer, Host& host) override;
  [[nodiscard]] bool takes_messages() const override { return waiting_ == nullptr; }
  [[nodiscard]] std::size_t held_bytes() const override;
  [[nodiscard]] const WireFormat* wire_format() const override;

 private:
  struct Subscription {
    std::string topic;
    std::uint64_t id = 0;
    bool pending = true;  // its SUBSCRIBE is not answered yet
  };
  // A SUBSCRIBE that was read.
  struct Wish {
    std::uint64_t request = 0;
    std::string topic;
    Start start;
    bool wants_retained = false;
    std::string retained;  // the EVENT, to be sent behind SUBSCRIBED
  };

  void open(const Incoming& message, Host& host);
  // Forgets the session and all that it has asked for.
  void end(Host& host);
  void abort(std::string_view uri, std::string_view words, Reason reason, Host& host);
  void run(const Incoming& message, Host& host);
  // Whether the request's id is the one that was to come.
  [[nodiscard]] bool take_request(const Incoming& message, Host& host);
  void refuse(const Incoming& message, std::string_view uri, std::string_view words, Host& host);

  void publish(const Incoming& message, Host& host);
  [[nodiscard]] std::string audience_of(const PublishOptions& options, std::string_view topic) const;

  void subscribe(const Incoming& message, Host& host);
  void subscribe(Wish wish, Host& host);
  void ask_for_retained(Wish wish, Host& host);
  void begin_subscription(const Wish& wish, Host& host);
  void unsubscribe(const Incoming& message, Host& host);
  [[nodiscard]] Subscription* find(std::uint64_t id);
  [[nodiscard]] bool subscribes_to(std::string_view topic) const;
  void forget(std::uint64_t id);

  // A tag is a request's id beneath the number of its session on this connection, so that answers for a session that
  // has ended are known; and above both, whether a success is to be told.
  static constexpr int generation_shift = 54;
  static constexpr Tag request_bits = (Tag{1} << generation_shift) - 1;
  static_assert(id_max <= request_bits, "a request's id fits below its session's number");
  [[nodiscard]] Tag tag_of(std::uint64_t request) const;
  [[nodiscard]] bool is_current(Tag tag) const;
  // The session's name in audiences.
  [[nodiscard]] std::string member() const;

  std::span<const Realm> realms_;
  const Realm* realm_ = nullptr;
  std::uint64_t session_id_ = 0;  // 0: there is no session
  std::uint64_t last_request_ = 0;
  std::vector<Subscription> subscriptions_;
  std::unique_ptr<Wish> waiting_;
  std::uint16_t generation_ = 0;
  bool hears_revocations_ = false;
};

static_assert(sizeof(Wamp2Session) <= 100, "a million idle sessions are to fit");

}  // namespace proto::wamp2
