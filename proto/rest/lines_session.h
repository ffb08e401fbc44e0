// SPDX-License-Identifier: Apache-2.0
// GET /topics/{topic} with Accept: application/x-ndjson: what is published, a line of JSON each, until the client goes.
// Thread: the shard of its connection.
// Owns: the topic's name and where to begin, until it has subscribed.
// Errors: a refusal is the answer to the request; behind the head there is none.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "proto/session.h"

namespace proto::rest {

// A line that carries no message comes so often, for proxies that end what is silent, and to notice who has gone.
inline constexpr std::chrono::milliseconds line_interval = std::chrono::seconds(15);

class LinesSession final : public HttpSession {
 public:
  LinesSession(std::string_view topic, const Start& start) : topic_(topic), start_(std::make_unique<Start>(start)) {}

  void on_body_end(HttpHost& host) override;
  void on_subscribed(Tag tag, std::string_view topic, const Answer<Subscribed>& answer, Host& host) override;
  void append_gap(std::string_view topic, const Gap& gap, std::string& out) const override;
  void on_timer(Host& host) override;
  [[nodiscard]] const WireFormat* wire_format() const override;
  [[nodiscard]] bool ends_with_input() const override { return true; }

 private:
  std::string topic_;
  std::unique_ptr<const Start> start_;
};

static_assert(sizeof(LinesSession) <= 64, "a million idle streams are to fit");

}  // namespace proto::rest
