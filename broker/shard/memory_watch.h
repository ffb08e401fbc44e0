// SPDX-License-Identifier: Apache-2.0
// Looks once a turn at what the shard holds (memory.h) and, where that is too much, closes the readers that hold the
// most: with what waits for them the memory comes back at once, and they may resume.
// Thread: the shard. Borrows: everything.
#pragma once

#include <chrono>

#include "broker/shard/services.h"

namespace broker::shard {

class MemoryWatch {
 public:
  explicit MemoryWatch(Services& services) : services_(services) {}

  void look();

 private:
  void close_slow_readers();

  Services& services_;
  std::chrono::steady_clock::time_point next_search_{};
};

}  // namespace broker::shard
