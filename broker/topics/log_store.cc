// SPDX-License-Identifier: Apache-2.0
#include "broker/topics/log_store.h"

#include <algorithm>

#include "broker/base/check.h"
#include "broker/topics/stream.h"

namespace broker::topics {
namespace {

// A log begins small, as most topics stay small, and doubles up to its limit.
constexpr std::size_t first_capacity = 4;

}  // namespace

LogStore::~LogStore() { KODAMA_CHECK(empty(), "a topic was destroyed with a log"); }

bool LogStore::append(Topic& topic, MessageRef message) {
  KODAMA_CHECK(message->offset == topic.offset(), "offset ", message->offset, " newest ", topic.offset());
  const std::size_t cost = message->memory_bytes();
  if (limits_.messages == 0 || cost > limits_.bytes) {
    clear(topic);  // the log has no holes: what came before can no longer be followed by what comes next
    return false;
  }
  while (topic.log_.size() >= limits_.messages) drop_oldest_of(topic);
  if (topic.log_.full()) {
    topic.log_.set_capacity(std::min(limits_.messages, std::max(first_capacity, topic.log_.capacity() * 2)));
  }
  message->logged_in = &topic;
  message->older = newest_;
  message->newer = nullptr;
  (newest_ != nullptr ? newest_->newer : oldest_) = message.get();
  newest_ = message.get();
  topic.log_.push_back(message.release());
  bytes_ += cost;
  keep_to_bytes();
  return true;
}

void LogStore::set_limits(const LogLimits& limits) {
  limits_ = limits;
  keep_to_bytes();
}

void LogStore::keep_to_bytes() {
  while (bytes_ > limits_.bytes) {
    Topic& loser = *oldest_->logged_in;
    drop_oldest_of(loser);
    if (loser.log_.empty()) events_.on_log_emptied(loser);
  }
}

void LogStore::expire(std::int64_t now_ns) {
  while (oldest_ != nullptr && now_ns - oldest_->accepted_ns > age_ns()) {
    Topic& topic = *oldest_->logged_in;
    drop_oldest_of(topic);
    if (topic.log_.empty()) {
      topic.log_.set_capacity(0);
      events_.on_log_emptied(topic);
    }
  }
}

void LogStore::clear(Topic& topic) {
  while (!topic.log_.empty()) drop_oldest_of(topic);
}

void LogStore::drop_oldest_of(Topic& topic) {
  MessageRef message(topic.log_.front());
  topic.log_.pop_front();
  (message->older != nullptr ? message->older->newer : oldest_) = message->newer;
  (message->newer != nullptr ? message->newer->older : newest_) = message->older;
  bytes_ -= message->memory_bytes();
  message->logged_in = nullptr;
  if (message->stream != nullptr) message->stream->remove(*message);
}

}  // namespace broker::topics
