// SPDX-License-Identifier: Apache-2.0
// Who may come in: looked at once for each connection that a shard has accepted, before anything is made for it.
// What comes beyond a limit is refused in words (its first request gets the reason's status and a Retry-After) as long
// as few are being refused, and closed without a word otherwise.
//
// Thread: the shard. Borrows: the addresses' counts, which all shards share.
// Cost: a comparison; with limits.address_connections set also getpeername(2) and two atomic additions.
#pragma once

#include <cstdint>
#include <optional>

#include "broker/base/metrics.h"
#include "broker/shard/address_counts.h"
#include "broker/shard/client_table.h"
#include "broker/shard/memory.h"
#include "config/settings.h"
#include "proto/reason.h"

namespace broker::shard {

// What a connection takes of the limits; given back when its client is destroyed. Eight bytes, as all idle ones have
// it.
struct Admitted {
  AddressCounts::Place address = {};
  bool address_counted = false;
  std::optional<proto::Reason> refused = {};  // it is held only to be told so
};
static_assert(sizeof(Admitted) <= 8);

class Admission {
 public:
  struct Options {
    std::uint32_t connections_max = UINT32_MAX;  // of the shard: what the descriptors allow
    AddressCounts* addresses = nullptr;          // null: not counted
  };

  Admission(const Options& options, const config::Limits& limits, const ClientTable& clients, const Memory& memory,
            base::ShardMetrics& metrics)
      : options_(options), limits_(limits), clients_(clients), memory_(memory), metrics_(metrics) {}

  // None: close it at once.
  [[nodiscard]] std::optional<Admitted> admit(int fd);
  void leave(const Admitted&);

 private:
  [[nodiscard]] std::optional<proto::Reason> judge(int fd, Admitted&);

  const Options options_;
  const config::Limits& limits_;
  const ClientTable& clients_;
  const Memory& memory_;
  base::ShardMetrics& metrics_;
  std::uint32_t refusing_ = 0;  // clients that are held only to be told so
};

}  // namespace broker::shard
