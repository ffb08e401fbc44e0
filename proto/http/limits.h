// SPDX-License-Identifier: Apache-2.0
// How much of a request is read before it is refused, and what a refusal is. The numbers come from the settings, which
// proto/ does not know; a limit that nobody sets is 0 and lets nothing pass.
// Thread: any; constant while a reader that was given it lives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "proto/reason.h"

namespace proto::http {

// Whatever the settings say. Other servers take between 8 and 64 KiB.
inline constexpr std::size_t head_bytes_ceiling = 60 * 1024;

struct Limits {
  std::size_t head_bytes_max = 0;        // request line, fields and both their ends; above head_bytes_ceiling: that
  std::size_t target_bytes_max = 0;      // of the request line
  std::size_t headers_max = 0;           // field lines
  std::size_t chunk_line_bytes_max = 0;  // a chunk's size line with its extensions, without CRLF
  std::size_t trailer_bytes_max = 0;     // all that stands behind the last chunk's size line
  std::optional<std::uint64_t> body_bytes_max = std::nullopt;  // decoded; none: any length
};

// Why a request is not read any further. After one the bytes on the connection have no known meaning: answer and close.
struct Refusal {
  Reason reason = Reason::bad_request;
  std::string_view message;  // a literal
};

}  // namespace proto::http
