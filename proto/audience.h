// SPDX-License-Identifier: Apache-2.0
// Which subscribers a message is for, when it is not for all. Those of a stream: a Socket.IO broadcast to rooms, to all
// but its sender, to one socket; members are named by what stands behind their namespace in a topic: "$room/r",
// "$sid/x". Those of its topic: a WAMP event that is not for its publisher, or for some sessions alone; members are
// named by the session's id. Either kind says nothing about the subscribers of the other.
//
//   audience = *( sign length member )      length: 2 bytes, low one first
//   sign of a stream's   "+": for those; "-": not for those
//   sign of a topic's    "=": for those; "!": not for those; "@": no member, but whose it is, who wants that known
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

enum class Sign : char { to = '+', except = '-', topic_to = '=', topic_except = '!', publisher = '@' };

// The signs that say something about the subscribers of a stream, or of a topic.
struct Signs {
  Sign to;
  Sign except;
};
inline constexpr Signs stream_signs{Sign::to, Sign::except};
inline constexpr Signs topic_signs{Sign::topic_to, Sign::topic_except};

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

// Whether it says anything in these signs.
[[nodiscard]] inline bool says(std::string_view audience, Signs signs) {
  bool found = false;
  for_each_member(audience,
                  [&](Sign sign, std::string_view) { found |= sign == signs.to || sign == signs.except; });
  return found;
}

// Whom `is_member(std::string_view)` says to be one. Where nobody is named that it is for, it is for all.
template <class F>
[[nodiscard]] bool includes(std::string_view audience, Signs signs, F&& is_member) {
  bool for_all = true;
  bool named = false;
  bool excepted = false;
  for_each_member(audience, [&](Sign sign, std::string_view member) {
    if (sign == signs.to) {
      for_all = false;
      named |= is_member(member);
    } else if (sign == signs.except) {
      excepted |= is_member(member);
    }
  });
  return (for_all || named) && !excepted;
}

}  // namespace proto
