// SPDX-License-Identifier: Apache-2.0
// The topics that live on one shard: found by name, made at first use, forgotten an hour after the last shard let go of
// them and their log ran empty (so that a sole subscriber who blinks still resumes).
// Thread: the home shard. Owns: the topics and their logs.
// Limits: limits::idle_topics_max forgotten-to-be topics; beyond it the longest idle go first. topics_max of all.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "broker/topics/groups.h"
#include "broker/topics/log_store.h"
#include "broker/topics/name.h"
#include "broker/topics/topic.h"

namespace broker::topics {

// Where a reader stands or wants to begin. See proto::Start, which this mirrors for the home.
struct ReadFrom {
  enum class From : std::uint8_t { now, after, last };
  From from = From::now;
  std::optional<std::uint64_t> epoch;
  std::uint64_t value = 0;
};

// What a read from there means at this moment.
struct ReadPlan {
  std::uint64_t first = 0;        // the first offset to hand out; offset() + 1 when there is none
  bool recovered = true;          // nothing is missing between what was asked for and `first`
  bool other_epoch = false;       // the asked offset means nothing here
  std::uint64_t missed_from = 0;  // when not recovered and the epoch is right
  std::uint64_t missed_to = 0;
};

class HomeTopics final : private LogStore::Events {
 public:
  // `groups` outlives it.
  HomeTopics(const LogLimits& limits, std::uint64_t epoch_seed, const Groups& groups,
             std::size_t topics_max = SIZE_MAX);
  ~HomeTopics();

  // Null when there are topics_max already, of which none is idle (the longest idle makes room), and for a stream's
  // name, which is no topic's.
  [[nodiscard]] Topic* find_or_make(const Name& name, TimePoint now);
  [[nodiscard]] Topic* find(const Name& name);

  [[nodiscard]] bool is_stream(const Name& name) const { return groups_.is_stream(name); }
  // Made at first use. Null: that is no stream's name.
  [[nodiscard]] Stream* find_or_make_stream(const Name& name);

  [[nodiscard]] static ReadPlan plan(const Topic&, const ReadFrom&);
  [[nodiscard]] static ReadPlan plan(const Stream&, const ReadFrom&);

  void add_shard(Topic&, std::size_t shard);
  void remove_shard(Topic&, std::size_t shard, TimePoint now);

  void append_to_log(Topic& topic, MessageRef message, TimePoint now);
  // Expires old messages and forgets idle topics.
  void sweep(TimePoint now);
  // How long until a sweep finds something; none when time will change nothing.
  [[nodiscard]] std::optional<std::chrono::microseconds> next_sweep(TimePoint now) const;

  void set_log_limits(const LogLimits& limits, TimePoint now);

  [[nodiscard]] std::size_t size() const { return topics_.size(); }
  [[nodiscard]] std::uint64_t log_bytes() const { return log_.bytes(); }

 private:
  void on_log_emptied(Topic&) override;
  void settle(Topic&, TimePoint now);  // puts the topic on the idle list, or takes it off
  void unlink_idle(Topic&);
  void forget(Topic&);

  const Groups& groups_;
  const std::size_t topics_max_;
  std::mt19937_64 epochs_;
  LogStore log_;
  absl::flat_hash_map<Name, std::unique_ptr<Stream>, NameHash, std::equal_to<>> streams_;  // keyed by Stream::name()
  absl::flat_hash_map<Name, std::unique_ptr<Topic>, NameHash, std::equal_to<>> topics_;    // keyed by Topic::name()
  Topic* idle_oldest_ = nullptr;
  Topic* idle_newest_ = nullptr;
  std::size_t idle_count_ = 0;
  TimePoint now_{};  // of the call under way
};

}  // namespace broker::topics
