// SPDX-License-Identifier: Apache-2.0
// The logs of all topics that live on one shard: the newest messages of each, by count, by age and under one cap of
// bytes over all. One list in order of arrival serves age and cap: the oldest message of all is also its topic's
// oldest. Thread: the home shard. Owns: one count on each logged message.
#pragma once

#include <chrono>
#include <cstdint>

#include "broker/topics/topic.h"

namespace broker::topics {

struct LogLimits {
  std::size_t messages = 100;       // of one topic
  std::chrono::microseconds age{};  // of one message
  std::uint64_t bytes = 0;          // of all topics of this shard
};

class LogStore {
 public:
  class Events {
   public:
    // The last message of the topic's log has left by age or by the cap.
    virtual void on_log_emptied(Topic&) = 0;

   protected:
    ~Events() = default;
  };

  LogStore(const LogLimits& limits, Events& events) : limits_(limits), events_(events) {}
  // What is too much by bytes leaves at once, what is too old with the next expire(); a topic's log is shortened when
  // it is appended to.
  void set_limits(const LogLimits& limits);
  LogStore(const LogStore&) = delete;
  LogStore& operator=(const LogStore&) = delete;
  ~LogStore();  // Requires: clear() was called for every topic.

  // Requires: `message` has the topic's newest offset. What no longer fits leaves, oldest first, of whichever topic.
  // False: it is too large by itself, or nothing is logged.
  bool append(Topic& topic, MessageRef message);
  // Lets go of what is older than the age allowed.
  // Age is counted from when the message was accepted, on the steady clock: the clock of the day may jump.
  void expire(std::int64_t now_ns);
  void clear(Topic& topic);

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] bool empty() const { return oldest_ == nullptr; }
  // When expire() will find something to let go of. Requires: !empty().
  [[nodiscard]] std::int64_t next_expiry_ns() const { return oldest_->accepted_ns + age_ns() + 1; }

 private:
  [[nodiscard]] std::int64_t age_ns() const { return std::chrono::nanoseconds(limits_.age).count(); }
  void drop_oldest_of(Topic& topic);
  void keep_to_bytes();

  LogLimits limits_;
  Events& events_;
  std::uint64_t bytes_ = 0;
  Message* oldest_ = nullptr;
  Message* newest_ = nullptr;
};

}  // namespace broker::topics
