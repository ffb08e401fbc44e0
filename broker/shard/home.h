// SPDX-License-Identifier: Apache-2.0
// A shard in its part as home: sequences the topics that hash to it, keeps their logs, and sends each message once to
// every shard that has subscribers.
// Thread: the shard. Owns: its topics and the engine. Borrows: the post.
// Order: deliveries leave before the acknowledgements of what they carry; a page and the deliveries behind it leave no
//   hole and no overlap, as both go through one mailbox in order.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "broker/base/timer_wheel.h"
#include "broker/shard/post.h"
#include "broker/topics/engine.h"
#include "broker/topics/home_topics.h"
#include "config/settings.h"

namespace broker::shard {

// What time it is, read once a turn.
struct Now {
  std::chrono::steady_clock::time_point steady;
  std::int64_t steady_ns = 0;
  std::int64_t wall_us = 0;  // since 1970
};

// Each shard's part of the settings for all logs.
// The logs leave half of a shard's memory to the clients, whatever log.bytes says.
[[nodiscard]] topics::LogLimits log_limits(const config::Log&, ShardIndex shards, std::uint64_t memory_bytes);

class Home final : private topics::Engine::Events {
 public:
  struct Options {
    topics::LogLimits log;
    std::uint64_t epoch_seed = 0;
    std::size_t topics_max = SIZE_MAX;
    const topics::Groups& groups;  // outlives the home
  };
  Home(const Options&, Post&, const Now&, base::TimerWheel&, base::ShardMetrics&);

  void on_mail(ShardIndex from, RequestMail&& mail);
  // Sends the acknowledgements of what on_mail() took in. At the end of each drain.
  void acknowledge();
  void set_log_limits(const topics::LogLimits&);

 private:
  void on_publish(ShardIndex from, RequestMail&& mail);
  void on_read(ShardIndex from, RequestMail&& mail);
  void on_sequenced(topics::Topic&, topics::MessageRef, const topics::PublishTicket&) override;
  void on_leave(ShardIndex from, const topics::Name& name);
  template <class Log>
  [[nodiscard]] static std::unique_ptr<ReadPage> read(const Log& log, const ReadRequest&);
  void on_sweep() noexcept;
  void arm_sweep();
  void show();

  struct Acknowledgement {
    topics::PublishTicket ticket;
    proto::Published published;
    std::optional<proto::Reason> refused = {};
  };
  Post& post_;
  const Now& now_;
  base::TimerWheel& timers_;
  base::ShardMetrics& metrics_;
  topics::HomeTopics topics_;
  std::unique_ptr<topics::Engine> engine_;
  std::vector<Acknowledgement> acknowledgements_;
  base::Timer sweep_;
};

}  // namespace broker::shard
