// SPDX-License-Identifier: Apache-2.0
// What a client of WAMP v1 says: one JSON array a frame, with its type in front (proto/README.md, "wamp1").
// Thread: one at a time. Borrows the frame's text, in which strings are unescaped in place.
// Errors: there are no answers to a mistake in this protocol, so what is read wrong is a reason to close.
// Limits: 64 sessions in a list, each id of 1 to 64 bytes; 64 bytes for a call's id.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "proto/message.h"
#include "proto/reason.h"

namespace proto::wamp1 {

inline constexpr std::size_t sessions_listed_max = 64;
inline constexpr std::size_t session_id_bytes_max = 64;
inline constexpr std::size_t call_id_bytes_max = 64;  // as written, quotes not counted

// The types of messages; what is missing here, and is not said by servers alone, there is not.
enum class Type : std::uint8_t {
  welcome = 0,
  prefix = 1,
  call = 2,
  call_result = 3,
  call_error = 4,
  subscribe = 5,
  unsubscribe = 6,
  publish = 7,
  event = 8,
};

struct ClientMessage {
  Type type = Type::welcome;
  std::string_view prefix;   // of PREFIX
  std::string_view uri;      // of PREFIX, what the prefix stands for; of the others a topic, or a CURIE of one
  std::string_view call_id;  // of CALL: as it was written, to be echoed
  // Of PUBLISH.
  Kind kind = Kind::json;
  std::string_view content;
  bool exclude_me = false;
  std::vector<std::string_view> exclude;                  // ids of sessions
  std::optional<std::vector<std::string_view>> eligible;  // none: all are
};

// Requires: the text is UTF-8. None: `message` is one that a client may say.
[[nodiscard]] std::optional<Reason> read_message(std::span<char> text, ClientMessage& message);

}  // namespace proto::wamp1
