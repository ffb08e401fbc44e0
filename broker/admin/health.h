// SPDX-License-Identifier: Apache-2.0
// Is a shard asleep or stuck? Its count of turns is its heartbeat. A shard that has turned since the last look is well.
// One that has not is woken, once, and is still well; it is stuck when it has not turned 10 s after that. A look
// therefore wakes idle shards only, and at most once each; between looks nothing is woken. Thread: any; guards itself.
// Borrows: the metrics.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "broker/base/metrics.h"

namespace broker::admin {

class Health {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds patience{10};

  // `ask` ends the wait of a shard, so that it makes a turn. It is called by any thread and must not block.
  Health(std::span<const base::ShardMetrics* const> shards, std::function<void(std::size_t shard)> ask);

  // The shards that are stuck. It takes two looks, `patience` or more apart, to find one.
  [[nodiscard]] std::vector<std::size_t> stuck(Clock::time_point now);

 private:
  struct Pulse {
    std::uint64_t turns = 0;  // at the last look
    std::optional<Clock::time_point> asked_at;
  };
  const std::span<const base::ShardMetrics* const> shards_;
  const std::function<void(std::size_t shard)> ask_;
  std::mutex mutex_;
  std::vector<Pulse> pulses_;
};

}  // namespace broker::admin
