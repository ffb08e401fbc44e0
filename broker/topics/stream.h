// SPDX-License-Identifier: Apache-2.0
// The one order over all topics of a group: each of their messages has an offset here too, beside the one in its topic.
// It reaches back as far as nothing is missing: when a message leaves its topic's log, whoever stands before it has
// lost something, and what is older is of no use to anybody.
//
// Thread: the home shard. Borrows: the messages, which are their topics' logs'.
// Limits: 8 bytes a message, which the logs bound.
#pragma once

#include <bitset>
#include <cstdint>
#include <deque>
#include <string>

#include "broker/topics/message.h"
#include "config/limits.h"

namespace broker::topics {

class Stream {
 public:
  Stream(std::string name, std::uint64_t epoch) : name_(std::move(name)), epoch_(epoch) {}
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::uint64_t epoch() const { return epoch_; }
  // The newest offset given out; 0 before the first.
  [[nodiscard]] std::uint64_t offset() const { return offset_; }

  // The message's place, given before it is delivered.
  void place(Message& message) {
    message.stream_epoch = epoch_;
    message.stream_offset = ++offset_;
  }
  // The newest that was placed is in its topic's log now;
  void append(Message& message);
  // or could not be held there.
  void skip();
  // It is leaving its topic's log.
  void remove(const Message& message);

  // It reaches over the offsets (offset() - log_size(), offset()], without holes: to be read as a topic's log is.
  [[nodiscard]] std::size_t log_size() const { return entries_.size(); }
  [[nodiscard]] std::uint64_t first_logged() const { return whole_after_ + 1; }
  // Requires: the offset is one of these.
  [[nodiscard]] Message& logged(std::uint64_t offset) const { return *entries_[offset - first_logged()]; }

  // The shards that have, or wait to have, a reader of all of it.
  std::bitset<config::limits::shards_max> shards;

 private:
  void forget_through(std::uint64_t offset);

  std::string name_;
  std::uint64_t epoch_;
  std::uint64_t offset_ = 0;
  std::uint64_t whole_after_ = 0;  // the newest that is missing
  std::deque<Message*> entries_;   // from whole_after_ + 1 on
};

}  // namespace broker::topics
