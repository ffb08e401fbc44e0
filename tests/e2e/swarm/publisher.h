// SPDX-License-Identifier: Apache-2.0
// One who publishes, with a window: so many messages may be unanswered. Which way it speaks is its subclass's matter.
// Thread: the program's only one.
// Errors: a refused message or a lost connection goes to Findings.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>

#include "tests/e2e/swarm/ledger.h"
#include "tests/e2e/swarm/websocket.h"

namespace swarm {

class Publisher {
 public:
  static constexpr std::uint64_t window = 256;  // of messages outstanding

  struct Task {
    unsigned number = 0;
    unsigned topics = 0;
    std::uint64_t messages = 0;
    std::uint64_t seed = 0;
  };

  virtual ~Publisher() = default;
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  virtual void connect() = 0;
  [[nodiscard]] virtual bool ready() const = 0;
  // Sent and not answered yet; where there are no answers, not received by anybody yet.
  [[nodiscard]] virtual std::uint64_t outstanding() const = 0;
  // Ends what is open, once outstanding() is 0 and nothing is left.
  virtual void finish() = 0;
  [[nodiscard]] virtual bool finished() const = 0;

  // Publishes at most so many, to topics chosen at random; returns how many.
  std::uint64_t pump(std::uint64_t most);
  [[nodiscard]] std::uint64_t left() const { return task_.messages - published_; }
  [[nodiscard]] unsigned number() const { return task_.number; }

 protected:
  Publisher(const Surroundings& around, Ledger& ledger, const Task& task)
      : around_(around), ledger_(ledger), task_(task), random_(task.seed * 1009 + task.number) {}

  virtual void publish(const Identity& identity, const std::string& content) = 0;
  virtual void flush() {}
  void fail(const std::string& what);

  Surroundings around_;
  Ledger& ledger_;
  const Task task_;
  std::mt19937_64 random_;

 private:
  std::uint64_t published_ = 0;
};

// Of the way that publishers of that number speak (content.h).
[[nodiscard]] std::unique_ptr<Publisher> make_publisher(const Surroundings& around, Ledger& ledger,
                                                        const Publisher::Task& task);

}  // namespace swarm
