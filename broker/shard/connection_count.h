// SPDX-License-Identifier: Apache-2.0
// How many connections of the process are descriptors, over all shards: there are so many and no more. Which shard
// the kernel gives a connection to is chance, so that each having its share would leave many of them unused.
// Thread: any; a relaxed atomic, touched once when a connection is accepted and once when it has ended. Errors: none.
#pragma once

#include <atomic>
#include <cstdint>

namespace broker::shard {

class ConnectionCount {
 public:
  explicit ConnectionCount(std::uint64_t most) : most_(most) {}

  // One more; false, and not counted: there are as many as there may be.
  [[nodiscard]] bool enter() {
    if (count_.fetch_add(1, std::memory_order_relaxed) < most_) return true;
    leave();
    return false;
  }
  void leave() { count_.fetch_sub(1, std::memory_order_relaxed); }

 private:
  const std::uint64_t most_;
  std::atomic<std::uint64_t> count_{0};
};

}  // namespace broker::shard
