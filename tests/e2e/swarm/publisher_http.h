// SPDX-License-Identifier: Apache-2.0
// Publishing over HTTP with keep-alive: POST /publish, a stream of lines and one of answers, chunked both ways; and
// POST /topics/{topic}, a message a request, pipelined over several connections, each topic always on the same one.
// Thread: the program's only one.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "tests/e2e/swarm/publisher.h"

namespace swarm {

class NdjsonPublisher final : public Publisher, private Link::Events {
 public:
  NdjsonPublisher(const Surroundings& around, Ledger& ledger, const Task& task) : Publisher(around, ledger, task) {}

  void connect() override;
  // Between two requests nothing can be sent: the next one waits for the end of the answer.
  [[nodiscard]] bool ready() const override { return open_ && !body_ended_; }
  [[nodiscard]] std::uint64_t outstanding() const override { return pending_.size(); }
  void finish() override;
  [[nodiscard]] bool finished() const override { return link_ == nullptr; }

 private:
  void publish(const Identity& identity, const std::string& content) override;
  void flush() override;
  void begin_request();
  void end_request();
  void on_open() override;
  std::size_t on_bytes(std::string_view bytes) override;
  void on_lost(std::string_view why) override;
  void on_answers(std::string_view data);
  void on_answer(std::string_view line);
  void on_answer_end();

  std::unique_ptr<Link> link_;
  std::string lines_;                            // to go with the next chunk
  std::string part_;                             // of an answer's line
  std::deque<std::optional<Identity>> pending_;  // none: a line that is wrong on purpose
  std::uint64_t lines_of_request_ = 0;
  bool open_ = false;
  bool head_read_ = false;
  bool body_ended_ = false;
  bool finishing_ = false;
};

class PostPublisher final : public Publisher {
 public:
  PostPublisher(const Surroundings& around, Ledger& ledger, const Task& task);
  ~PostPublisher() override;

  void connect() override;
  [[nodiscard]] bool ready() const override;
  [[nodiscard]] std::uint64_t outstanding() const override;
  void finish() override;
  [[nodiscard]] bool finished() const override;

 private:
  class Line;
  void publish(const Identity& identity, const std::string& content) override;
  std::vector<std::unique_ptr<Line>> lines_;
};

}  // namespace swarm
