// SPDX-License-Identifier: Apache-2.0
#include "broker/admin/health.h"

#include <utility>

namespace broker::admin {

Health::Health(std::span<const base::ShardMetrics* const> shards, std::function<void(std::size_t shard)> ask)
    : shards_(shards), ask_(std::move(ask)), pulses_(shards.size()) {}

std::vector<std::size_t> Health::stuck(Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  std::vector<std::size_t> found;
  for (std::size_t shard = 0; shard < shards_.size(); ++shard) {
    Pulse& pulse = pulses_[shard];
    const std::uint64_t turns = shards_[shard]->shard_turns.value();
    if (turns != pulse.turns) {
      pulse = {turns, std::nullopt};
    } else if (!pulse.asked_at) {
      pulse.asked_at = now;
      ask_(shard);
    } else if (now - *pulse.asked_at >= patience) {
      found.push_back(shard);
    }
  }
  return found;
}

}  // namespace broker::admin
