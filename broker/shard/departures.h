// SPDX-License-Identifier: Apache-2.0
// What left the send queues in one pass over the ring's completions, on its way to the metrics: a run that went to a
// thousand subscribers is looked up in the histogram once and not a thousand times.
// Thread: the shard. Borrows: runs, as keys only, until tell(); which is due after each Ring::run().
#pragma once

#include <array>

#include "broker/base/metrics.h"
#include "broker/net/shared_bytes.h"
#include "broker/shard/home.h"

namespace broker::shard {

class Departures {
 public:
  Departures(base::ShardMetrics& metrics, const Now& now) : metrics_(metrics), now_(now) {}

  // All of these deliveries have left one connection's queue. `backlogged`: they did not find it empty.
  void note(const net::SharedBytes& run, std::uint8_t dialect, bool backlogged) {
    if (run_ != &run || dialect_ != dialect) begin(run, dialect);
    ++connections_[backlogged];
  }
  void tell();

 private:
  void begin(const net::SharedBytes& run, std::uint8_t dialect);

  base::ShardMetrics& metrics_;
  const Now& now_;
  const net::SharedBytes* run_ = nullptr;
  std::uint8_t dialect_ = 0;
  bool live_ = false;  // not a replay, whose age says nothing about us
  std::uint32_t messages_ = 0;
  std::size_t bytes_ = 0;
  std::int64_t accepted_ns_ = 0;
  std::array<std::uint64_t, 2> connections_ = {};  // backlogged: false, true
};

}  // namespace broker::shard
