// SPDX-License-Identifier: Apache-2.0
// A raw session: one topic, the content alone in both directions. What a bare `new WebSocket(url)` speaks.
// Thread: the shard of its connection.
// Owns: its topic's name and where to begin.
// Errors: there are no answers in this dialect, so a refusal closes the connection with the reason.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "proto/session.h"

namespace proto::raw {

enum class Direction : std::uint8_t { both, publish_only };

class RawSession final : public WebSocketSession {
 public:
  RawSession(std::string_view topic, Direction direction, const Start& start)
      : topic_(topic), start_(std::make_unique<Start>(start)), direction_(direction) {}

  void on_open(Host& host) override;
  void on_message(DataType type, std::span<char> payload, Host& host) override;
  void on_published(Tag tag, const Answer<Published>& answer, Host& host) override;
  void on_subscribed(Tag tag, std::string_view topic, const Answer<Subscribed>& answer, Host& host) override;
  [[nodiscard]] const WireFormat* wire_format() const override;

 private:
  std::string topic_;
  std::unique_ptr<const Start> start_;  // until it has subscribed
  Direction direction_;
};

}  // namespace proto::raw
