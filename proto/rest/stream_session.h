// SPDX-License-Identifier: Apache-2.0
// POST /publish: a stream of messages, one JSON object a line, each answered by a line, in order, while the body is
// still coming. A bad line fails alone.
// Thread: the shard of its connection.
// Owns: the line that is not whole yet, and the answers that wait for an earlier one.
// Limits: lines_pending_max lines without their answer; then nothing more is taken until an answer comes. A line may be
//   as long as a message in base64 with a topic and an event around it; a longer one is passed over and refused.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <variant>

#include "proto/session.h"

namespace proto::rest {

inline constexpr std::size_t lines_pending_max = 256;

class StreamSession final : public HttpSession {
 public:
  explicit StreamSession(std::uint64_t message_bytes_max);

  [[nodiscard]] std::size_t on_body(std::string_view piece, HttpHost& host) override;
  [[nodiscard]] std::size_t held_bytes() const override { return line_.size(); }
  void on_body_end(HttpHost& host) override;
  void on_published(Tag tag, const Answer<Published>& answer, Host& host) override;

 private:
  // What is known of a line's answer; nothing while it is waited for.
  using Slot = std::variant<std::monostate, Published, Error>;

  void take(std::string_view part);
  void end_line(HttpHost& host);
  void run_line(HttpHost& host);
  [[nodiscard]] std::optional<Error> publish_line(HttpHost& host);
  void answer_ready(HttpHost& host);

  std::string line_;
  std::deque<Slot> slots_;  // of the lines taken and not answered, in order
  Tag first_tag_ = 0;       // of slots_.front(); a line's tag is its number
  std::uint64_t message_bytes_max_;
  std::uint64_t line_bytes_max_;
  bool too_long_ = false;  // the present line: the rest of it is passed over
  bool begun_ = false;     // the head of the answer is sent
  bool body_ended_ = false;
};

}  // namespace proto::rest
