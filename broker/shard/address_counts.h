// SPDX-License-Identifier: Apache-2.0
// How many connections come from each address, over all shards: a count-min sketch, whose size does not depend on how
// many addresses there are. It never tells too little; too much only for an address whose hash collides in both rows.
// Thread: any; counts are relaxed atomics, touched once when a connection is accepted and once when it has ended, and
//   only where limits.address_connections is set. Owns: its counts. Errors: none.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "config/limits.h"

namespace broker::shard {

class AddressCounts {
 public:
  // Where an address is counted; a connection keeps it to be counted off.
  struct Place {
    std::uint16_t first = 0;
    std::uint16_t second = 0;
  };
  static_assert(config::limits::address_slots <= UINT16_MAX + 1);

  // `seed`: random, so that nobody can choose an address that shares another's counts.
  explicit AddressCounts(std::uint64_t seed) : seed_(seed) {}

  // Counts one more of that address; none, when there are `most` already.
  [[nodiscard]] std::optional<Place> enter(std::uint64_t address, std::uint32_t most);
  void leave(Place);

 private:
  const std::uint64_t seed_;
  using Row = std::array<std::atomic<std::uint32_t>, config::limits::address_slots>;
  Row first_{};
  Row second_{};
};

}  // namespace broker::shard
