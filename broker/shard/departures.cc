// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/departures.h"

namespace broker::shard {

void Departures::begin(const net::SharedBytes& run, std::uint8_t dialect) {
  tell();
  run_ = &run;
  dialect_ = dialect;
  live_ = run.use == net::SharedBytes::Use::delivery;
  messages_ = run.messages;
  bytes_ = run.bytes.size();
  accepted_ns_ = run.accepted_ns;
}

void Departures::tell() {
  if (run_ == nullptr) return;
  const std::uint64_t connections = connections_[0] + connections_[1];
  metrics_.deliveries[dialect_].add(connections * messages_);
  metrics_.delivery_bytes[dialect_].add(connections * bytes_);
  for (const bool backlogged : {false, true}) {
    if (!live_ || connections_[backlogged] == 0) continue;
    metrics_.fanout_latency[backlogged].observe(std::chrono::nanoseconds(now_.steady_ns - accepted_ns_),
                                                connections_[backlogged] * messages_);
  }
  run_ = nullptr;
  connections_ = {};
}

}  // namespace broker::shard
