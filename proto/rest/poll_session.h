// SPDX-License-Identifier: Apache-2.0
// GET /topics/{topic}?wait=…: a page of the topic's log that is answered as soon as there is something, or empty when
// the time is over. It reads the log first; where nothing is there, it subscribes right behind what it has read, so
// that nothing comes twice and nothing is passed over. What one turn of the broker brings is answered together. Thread:
// the shard of its connection. Owns: what has come of the page, until the turn's end. Limits: as many messages as the
// page may have, and messages_bytes_max, beyond which the next one waits for the next
//   request.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "proto/session.h"

namespace proto::rest {

inline constexpr std::chrono::milliseconds poll_wait_max = std::chrono::minutes(5);

class PollSession final : public HttpSession {
 public:
  static constexpr std::size_t messages_bytes_max = std::size_t{1} << 20;

  // `start`: behind an offset, or now.
  PollSession(std::string_view topic, const Start& start, std::uint32_t limit, std::chrono::milliseconds wait)
      : topic_(topic), start_(start), wait_(wait), limit_(limit) {}

  void on_body_end(HttpHost& host) override;
  void on_log(Tag tag, const Answer<LogPage>& answer, Host& host) override;
  void on_subscribed(Tag tag, std::string_view topic, const Answer<Subscribed>& answer, Host& host) override;
  void append_delivery(const Message& message, std::string& out, Host& host) override;
  void on_timer(Host& host) override;
  void on_drain(HttpHost& host) override;
  [[nodiscard]] const WireFormat* wire_format() const override { return &by_session; }
  // Until it waits its answer is on its way, also to who has closed their side already.
  [[nodiscard]] bool ends_with_input() const override { return waits_; }
  [[nodiscard]] bool keeps_request() const override { return false; }
  [[nodiscard]] std::size_t held_bytes() const override { return messages_.size(); }

 private:
  // Whether the client learns something from an empty page: that it does not stand where the log ends.
  [[nodiscard]] bool stands_elsewhere(const LogPage& page) const;
  void answer(HttpHost& host);

  std::string topic_;
  std::string messages_;  // as in the page
  Start start_;
  std::chrono::milliseconds wait_;
  std::uint64_t epoch_ = 0;
  std::uint64_t newest_ = 0;  // offset that is known of
  std::uint64_t taken_ = 0;   // the last offset in messages_
  std::uint32_t limit_;
  std::uint32_t count_ = 0;  // of messages_
  bool waits_ = false;       // it asked to be subscribed
  bool subscribed_ = false;
};

}  // namespace proto::rest
