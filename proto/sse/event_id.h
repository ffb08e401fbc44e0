// SPDX-License-Identifier: Apache-2.0
// An event's id: how far its reader is in the log of each topic, in the order in which the request named them. What a
// browser got last comes back in Last-Event-ID.
//
//   id = position *( "," position )        position = epoch ":" offset        epoch in hexadecimal, offset in decimal
//
// Thread: any. Errors: a value; what is no such id reads as none.
// Limits: as many positions as were asked for, so that a long id is never read to its end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace proto::sse {

struct Position {
  std::uint64_t epoch = 0;
  std::uint64_t offset = 0;
  bool operator==(const Position&) const = default;
};

void append_event_id(std::string& out, std::span<const Position> positions);
// None: it is not an id of so many topics. Requires: at least one.
[[nodiscard]] std::optional<std::vector<Position>> read_event_id(std::string_view id, std::size_t topics);

}  // namespace proto::sse
