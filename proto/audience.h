// SPDX-License-Identifier: Apache-2.0
// Which subscribers of a stream a message is for, when it is not for all: a Socket.IO broadcast to rooms, to all but
// its sender, to one socket. Members are named by what stands behind their namespace in a topic: "$room/r", "$sid/x".
//
//   audience = *( sign length member )      sign "+": for those; "-": not for those; length: 2 bytes, low one first
//
// Thread: any. Borrows: what is read views the audience.
// Errors: none; what is made here is the broker's own. What breaks off in the middle ends there.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace proto {

enum class Sign : char { to = '+', except = '-' };

inline void append_member(std::string& audience, Sign sign, std::string_view member) {
  audience += static_cast<char>(sign);
  audience += static_cast<char>(member.size() & 0xFF);
  audience += static_cast<char>(member.size() >> 8);
  audience += member;
}

// with_member(Sign, std::string_view) for each.
template <class F>
void for_each_member(std::string_view audience, F&& with_member) {
  while (audience.size() >= 3) {
    const auto byte = [&audience](std::size_t i) { return std::size_t{static_cast<std::uint8_t>(audience[i])}; };
    const std::size_t length = byte(1) | byte(2) << 8;
    with_member(static_cast<Sign>(audience[0]), audience.substr(3, length));
    audience.remove_prefix(std::min(audience.size(), length + 3));
  }
}

// Whom `is_member(std::string_view)` says to be one. Without any "+" it is for all.
template <class F>
[[nodiscard]] bool includes(std::string_view audience, F&& is_member) {
  bool for_all = true;
  bool named = false;
  bool excepted = false;
  for_each_member(audience, [&](Sign sign, std::string_view member) {
    const bool is_one = is_member(member);
    if (sign == Sign::to) {
      for_all = false;
      named |= is_one;
    } else {
      excepted |= is_one;
    }
  });
  return (for_all || named) && !excepted;
}

}  // namespace proto
