// SPDX-License-Identifier: Apache-2.0
// A topic as its home knows it: where its sequence stands, what its log holds, which shards want it.
// Thread: the home shard. Owns: one count on each logged message.
#pragma once

#include <bitset>
#include <boost/circular_buffer.hpp>
#include <chrono>
#include <cstdint>
#include <string>

#include "broker/topics/message.h"
#include "broker/topics/stream.h"
#include "config/limits.h"

namespace broker::topics {

using TimePoint = std::chrono::steady_clock::time_point;

class Topic {
 public:
  Topic(std::string name, std::uint64_t epoch) : name_(std::move(name)), epoch_(epoch) {}
  Topic(const Topic&) = delete;
  Topic& operator=(const Topic&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::uint64_t epoch() const { return epoch_; }
  // The newest offset given out; 0 before the first.
  [[nodiscard]] std::uint64_t offset() const { return offset_; }
  [[nodiscard]] std::uint64_t take_next_offset() { return ++offset_; }

  // The log holds the offsets (offset() - log_size(), offset()], without holes.
  [[nodiscard]] std::size_t log_size() const { return log_.size(); }
  [[nodiscard]] std::uint64_t first_logged() const { return offset_ - log_.size() + 1; }
  // Requires: the offset is logged.
  [[nodiscard]] Message& logged(std::uint64_t offset) const { return *log_[offset - first_logged()]; }

  // That is over its group. Null: none.
  [[nodiscard]] Stream* stream() const { return stream_; }

  // The shards that have, or wait to have, a subscriber.
  std::bitset<config::limits::shards_max> shards;

 private:
  friend class LogStore;
  friend class HomeTopics;
  std::string name_;
  std::uint64_t epoch_;
  std::uint64_t offset_ = 0;
  boost::circular_buffer<Message*> log_;
  Stream* stream_ = nullptr;
  // Of the list of topics that nobody holds (HomeTopics), oldest first.
  Topic* idle_older_ = nullptr;
  Topic* idle_newer_ = nullptr;
  TimePoint idle_since_{};
  bool idle_ = false;
};

}  // namespace broker::topics
