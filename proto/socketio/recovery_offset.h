// SPDX-License-Identifier: Apache-2.0
// The offset that recovery appends to an event as one more argument: where the event stands in its namespace's stream,
// the same for every receiver. A client may hand back anything for it (the last text of any event will do), so it can
// be told from all else.
//
//   offset = epoch "." number "." check        hexadecimal, decimal; the CRC-32 of what stands before, hexadecimal
//
// Thread: any. Errors: none is no offset, which means "not recovered".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace proto::socketio {

struct StreamPosition {
  std::uint64_t epoch = 0;
  std::uint64_t offset = 0;
  bool operator==(const StreamPosition&) const = default;
};

// Without quotes.
void append_recovery_offset(std::string& out, const StreamPosition& position);
[[nodiscard]] std::optional<StreamPosition> parse_recovery_offset(std::string_view offset);

// $cursor, which is where a message stands in its own topic: "5f3a00000000c0de.41".
[[nodiscard]] std::string cursor_text(std::uint64_t epoch, std::uint64_t offset);
[[nodiscard]] std::optional<StreamPosition> parse_cursor(std::string_view cursor);

}  // namespace proto::socketio
