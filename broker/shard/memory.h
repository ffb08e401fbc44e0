// SPDX-License-Identifier: Apache-2.0
// What a shard holds in memory because others made it so, as a sum of plain counters, and what is done when that is too
// much: newcomers are refused first, then the slowest readers are closed, then publishers are refused.
//
// Thread: the shard. Owns: the counters; whoever holds the bytes adds and subtracts them.
// Limits: its share of limits.memory, looked at once a turn: a turn's own input and fan-out may pass it.
// Left out, as they are bounded by configuration alone: the ring's buffers, mailboxes, OpenSSL's contexts, code; and
//   what one shard has one of: zlib's state, and an inflated message, which is gone before the turn ends.
#pragma once

#include <cstdint>

#include "config/limits.h"

namespace broker::shard {

class Memory {
 public:
  // Each does what those before it do, too.
  enum class Level : std::uint8_t { well, refuse_newcomers, close_slow_readers, refuse_publishers };

  // What is counted elsewhere, as it is now.
  struct Elsewhere {
    std::int64_t connections = 0;
    std::int64_t topics = 0;
    std::int64_t log_bytes = 0;
    std::int64_t spilled_bytes = 0;
  };

  explicit Memory(std::uint64_t budget_bytes) : budget_(static_cast<std::int64_t>(budget_bytes)) {}

  void look(const Elsewhere& elsewhere) {
    namespace limits = config::limits;
    elsewhere_ = elsewhere.connections * limits::connection_bytes + elsewhere.topics * limits::topic_bytes +
                 elsewhere.log_bytes + elsewhere.spilled_bytes;
    level_ = level_of(used());
  }

  [[nodiscard]] Level level() const { return level_; }
  [[nodiscard]] bool refuses_newcomers() const { return level_ >= Level::refuse_newcomers; }
  [[nodiscard]] bool refuses_publishers() const { return level_ == Level::refuse_publishers; }
  // Readers are closed until this is false.
  [[nodiscard]] bool closes_slow_readers() const { return level_of(used()) >= Level::close_slow_readers; }
  [[nodiscard]] std::int64_t used() const {
    return elsewhere_ + runs + own + subscriptions * config::limits::subscription_bytes +
           tls_connections * config::limits::tls_bytes;
  }

  std::int64_t runs = 0;  // bytes of encoded deliveries, once for all who share them
  // Bytes that one client holds: answers and pages of logs, unfinished messages and bodies, the window of who only
  // publishes.
  std::int64_t own = 0;
  std::int64_t subscriptions = 0;    // how many
  std::int64_t tls_connections = 0;  // how many

 private:
  [[nodiscard]] Level level_of(std::int64_t used) const {
    namespace limits = config::limits;
    if (used < budget_ / 100 * limits::memory_percent_newcomers) return Level::well;
    if (used < budget_ / 100 * limits::memory_percent_readers) return Level::refuse_newcomers;
    return used < budget_ ? Level::close_slow_readers : Level::refuse_publishers;
  }

  const std::int64_t budget_;
  std::int64_t elsewhere_ = 0;  // at the last look
  Level level_ = Level::well;
};

}  // namespace broker::shard
