// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/address_counts.h"

#include <algorithm>

namespace broker::shard {
namespace {

// splitmix64's finalizer: every bit of the input reaches every bit of the result.
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

}  // namespace

std::optional<AddressCounts::Place> AddressCounts::enter(std::uint64_t address, std::uint32_t most) {
  constexpr std::uint64_t mask = config::limits::address_slots - 1;
  const std::uint64_t hash = mix(mix(address + seed_) ^ seed_);
  const Place place{static_cast<std::uint16_t>(hash & mask), static_cast<std::uint16_t>(hash >> 32 & mask)};
  const std::uint32_t first = first_[place.first].fetch_add(1, std::memory_order_relaxed);
  const std::uint32_t second = second_[place.second].fetch_add(1, std::memory_order_relaxed);
  if (std::min(first, second) < most) return place;
  leave(place);
  return std::nullopt;
}

void AddressCounts::leave(Place place) {
  first_[place.first].fetch_sub(1, std::memory_order_relaxed);
  second_[place.second].fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace broker::shard
