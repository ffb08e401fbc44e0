// SPDX-License-Identifier: Apache-2.0
#include "broker/topics/home_topics.h"

#include "broker/base/check.h"
#include "config/limits.h"

namespace broker::topics {
namespace limits = config::limits;

namespace {

// Of a topic's log, or a stream.
template <class Log>
ReadPlan plan_of(const Log& log, const ReadFrom& from) {
  const std::uint64_t next = log.offset() + 1;
  const std::uint64_t first_logged = log.first_logged();
  switch (from.from) {
    case ReadFrom::From::now: return {.first = next};
    case ReadFrom::From::last: return {.first = from.value >= log.log_size() ? first_logged : next - from.value};
    case ReadFrom::From::after: break;
  }
  if ((from.epoch && *from.epoch != log.epoch()) || from.value > log.offset()) {
    return {.first = first_logged, .recovered = false, .other_epoch = true};
  }
  if (from.value + 1 < first_logged) {
    return {.first = first_logged, .recovered = false, .missed_from = from.value + 1, .missed_to = first_logged - 1};
  }
  return {.first = from.value + 1};
}

std::int64_t nanoseconds_of(TimePoint time) { return std::chrono::nanoseconds(time.time_since_epoch()).count(); }

}  // namespace

HomeTopics::HomeTopics(const LogLimits& log_limits, std::uint64_t epoch_seed, const Groups& groups,
                       std::size_t topics_max)
    : groups_(groups), topics_max_(topics_max), epochs_(epoch_seed), log_(log_limits, *this) {}

HomeTopics::~HomeTopics() {
  for (auto& [name, topic] : topics_) log_.clear(*topic);
}

Topic* HomeTopics::find_or_make(const Name& name, TimePoint now) {
  if (Topic* found = find(name)) return found;
  const std::string* const stream = groups_.stream_of(name);
  if (stream != nullptr && *stream == name.text) return nullptr;
  if (topics_.size() >= topics_max_) {
    if (idle_oldest_ == nullptr) return nullptr;
    forget(*idle_oldest_);
  }
  auto topic = std::make_unique<Topic>(std::string(name.text), epochs_());
  Topic& made = *topic;
  if (stream != nullptr) made.stream_ = find_or_make_stream(*stream);
  topics_.emplace(Name(made.name(), name.hash), std::move(topic));
  settle(made, now);
  return &made;
}

Topic* HomeTopics::find(const Name& name) {
  const auto found = topics_.find(name);
  return found == topics_.end() ? nullptr : found->second.get();
}

Stream* HomeTopics::find_or_make_stream(const Name& name) {
  if (!groups_.is_stream(name)) return nullptr;
  const auto found = streams_.find(name);
  if (found != streams_.end()) return found->second.get();
  auto made = std::make_unique<Stream>(std::string(name.text), epochs_());
  Stream& stream = *made;
  streams_.emplace(Name(stream.name(), name.hash), std::move(made));
  return &stream;
}

ReadPlan HomeTopics::plan(const Topic& topic, const ReadFrom& from) { return plan_of(topic, from); }
ReadPlan HomeTopics::plan(const Stream& stream, const ReadFrom& from) { return plan_of(stream, from); }

void HomeTopics::add_shard(Topic& topic, std::size_t shard) {
  topic.shards.set(shard);
  settle(topic, {});
}

void HomeTopics::remove_shard(Topic& topic, std::size_t shard, TimePoint now) {
  topic.shards.reset(shard);
  settle(topic, now);
}

void HomeTopics::append_to_log(Topic& topic, MessageRef message, TimePoint now) {
  now_ = now;
  if (topic.idle_) unlink_idle(topic);  // what leaves the logs may make others idle, who must not push this one out
  Message& appended = *message;
  const bool logged = log_.append(topic, std::move(message));
  if (topic.stream_ != nullptr) logged ? topic.stream_->append(appended) : topic.stream_->skip();
  settle(topic, now);
}

void HomeTopics::sweep(TimePoint now) {
  now_ = now;
  log_.expire(nanoseconds_of(now));
  while (idle_oldest_ != nullptr && now - idle_oldest_->idle_since_ >= limits::idle_topic_age) forget(*idle_oldest_);
}

void HomeTopics::set_log_limits(const LogLimits& limits, TimePoint now) {
  now_ = now;
  log_.set_limits(limits);
}

std::optional<std::chrono::microseconds> HomeTopics::next_sweep(TimePoint now) const {
  using std::chrono::microseconds;
  std::optional<microseconds> next;
  if (!log_.empty()) {
    next = std::chrono::ceil<microseconds>(std::chrono::nanoseconds(log_.next_expiry_ns() - nanoseconds_of(now)));
  }
  if (idle_oldest_ != nullptr) {
    const auto forgotten_in =
        std::chrono::duration_cast<microseconds>(idle_oldest_->idle_since_ + limits::idle_topic_age - now);
    if (!next || forgotten_in < *next) next = forgotten_in;
  }
  return next;
}

void HomeTopics::on_log_emptied(Topic& topic) { settle(topic, now_); }

void HomeTopics::settle(Topic& topic, TimePoint now) {
  const bool idle = topic.shards.none() && topic.log_size() == 0;
  if (idle == topic.idle_) return;
  if (!idle) {
    unlink_idle(topic);
    return;
  }
  if (idle_count_ == limits::idle_topics_max) forget(*idle_oldest_);
  topic.idle_ = true;
  topic.idle_since_ = now;
  topic.idle_older_ = idle_newest_;
  topic.idle_newer_ = nullptr;
  (idle_newest_ != nullptr ? idle_newest_->idle_newer_ : idle_oldest_) = &topic;
  idle_newest_ = &topic;
  ++idle_count_;
}

void HomeTopics::unlink_idle(Topic& topic) {
  (topic.idle_older_ != nullptr ? topic.idle_older_->idle_newer_ : idle_oldest_) = topic.idle_newer_;
  (topic.idle_newer_ != nullptr ? topic.idle_newer_->idle_older_ : idle_newest_) = topic.idle_older_;
  topic.idle_ = false;
  --idle_count_;
}

void HomeTopics::forget(Topic& topic) {
  KODAMA_CHECK(topic.shards.none() && topic.log_size() == 0);
  unlink_idle(topic);
  topics_.erase(topics_.find(Name(topic.name())));
}

}  // namespace broker::topics
