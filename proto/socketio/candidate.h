// SPDX-License-Identifier: Apache-2.0
// The WebSocket that a polling session may go on with: `2probe` is answered by `3probe`, and `5` makes it the
// session's. Anything else closes it, and the session goes on by polling.
// Thread: any. Nothing is kept.
#pragma once

#include <cstdint>
#include <string_view>

#include "proto/session.h"

namespace proto::socketio {

enum class CandidateSays : std::uint8_t { probe, upgrade, nonsense };
[[nodiscard]] inline CandidateSays read_candidate(DataType type, std::string_view payload) {
  if (type == DataType::text && payload == "2probe") return CandidateSays::probe;
  if (type == DataType::text && payload == "5") return CandidateSays::upgrade;
  return CandidateSays::nonsense;
}
inline constexpr std::string_view probe_answer = "3probe";  // append_packet frames it
inline constexpr std::string_view release = "6";            // a noop, which lets a GET go

}  // namespace proto::socketio
