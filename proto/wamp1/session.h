// SPDX-License-Identifier: Apache-2.0
// A client's session in WAMP v1: greets it, keeps its prefixes, and subscribes and publishes what it says.
// Thread: the shard of its connection.
// Owns: its id, and the prefixes that the client defined; nothing of its topics.
// Errors: this protocol has no answers to SUBSCRIBE and PUBLISH, so a refusal closes the connection with the reason.
// Limits: 64 prefixes, each and what it stands for of at most 255 bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proto/session.h"
#include "proto/wamp1/message.h"

namespace proto::wamp1 {

inline constexpr std::size_t prefixes_max = 64;
inline constexpr std::size_t prefix_bytes_max = 255;

class Wamp1Session final : public WebSocketSession {
 public:
  void on_open(Host& host) override;
  void on_message(DataType type, std::span<char> payload, Host& host) override;
  void on_published(Tag tag, const Answer<Published>& answer, Host& host) override;
  void on_subscribed(Tag tag, std::string_view topic, const Answer<Subscribed>& answer, Host& host) override;
  [[nodiscard]] std::size_t held_bytes() const override;
  [[nodiscard]] const WireFormat* wire_format() const override;

 private:
  struct Prefix {
    std::string name;
    std::string uri;
  };

  void run(const ClientMessage& message, Host& host);
  void define(const ClientMessage& message, Host& host);
  void subscribe(std::string_view topic, Host& host);
  void publish(const ClientMessage& message, std::string_view topic, Host& host);
  [[nodiscard]] std::string audience_of(const ClientMessage& message, std::string_view topic, const Host& host) const;
  // A CURIE whose prefix is defined, in full; all else as it is.
  [[nodiscard]] std::string expand(std::string_view curie) const;

  std::string id_;
  std::vector<Prefix> prefixes_;
  std::uint32_t subscribing_ = 0;  // subscriptions whose answers are to come
};

static_assert(sizeof(Wamp1Session) <= 100, "a million idle sessions are to fit");

}  // namespace proto::wamp1
