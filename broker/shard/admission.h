// SPDX-License-Identifier: Apache-2.0
// Who may come in: looked at once for each connection that a shard has accepted, before anything is made for it.
// What comes beyond a limit is refused in words (its first request gets the reason's status and a Retry-After) as long
// as few are being refused, and closed without a word otherwise.
//
// Thread: the shard. Borrows: the counts of connections and addresses, which all shards share.
// Cost: comparisons; without slots an atomic addition; with limits.address_connections set getpeername(2) and two more.
#pragma once

#include <cstdint>
#include <optional>

#include "broker/base/metrics.h"
#include "broker/shard/address_counts.h"
#include "broker/shard/client_table.h"
#include "broker/shard/connection_count.h"
#include "broker/shard/memory.h"
#include "config/settings.h"
#include "proto/reason.h"

namespace broker::shard {

// What a connection takes of the limits; given back when its client is destroyed. Eight bytes, as all idle ones have
// it.
struct Admitted {
  AddressCounts::Place address = {};
  bool address_counted = false;
  bool counted = false;                       // among the process's descriptors
  std::optional<proto::Reason> refused = {};  // it is held only to be told so
};
static_assert(sizeof(Admitted) <= 8);

class Admission {
 public:
  struct Options {
    ConnectionCount* connections = nullptr;  // that are descriptors, of the process; null: any number
    AddressCounts* addresses = nullptr;      // null: not counted
  };

  // `slots`: of the shard's ring.
  Admission(const Options& options, std::uint32_t slots, const config::Limits& limits, const ClientTable& clients,
            const Memory& memory, base::ShardMetrics& metrics)
      : options_(options), slots_(slots), limits_(limits), clients_(clients), memory_(memory), metrics_(metrics) {}

  // Descriptors must come then: a slot has no address. One that does, as the limit has just been set, is not counted.
  [[nodiscard]] bool counts_addresses() const {
    return limits_.address_connections > 0 && options_.addresses != nullptr;
  }
  // None: close it at once.
  [[nodiscard]] std::optional<Admitted> admit(int socket);
  void leave(const Admitted&);

 private:
  [[nodiscard]] std::optional<proto::Reason> judge(int socket, Admitted&);

  const Options options_;
  const std::uint32_t slots_;
  const config::Limits& limits_;
  const ClientTable& clients_;
  const Memory& memory_;
  base::ShardMetrics& metrics_;
  std::uint32_t refusing_ = 0;  // clients that are held only to be told so
};

}  // namespace broker::shard
