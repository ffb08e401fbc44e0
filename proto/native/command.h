// SPDX-License-Identifier: Apache-2.0
// What a client of kodama.v1.json says: one command a frame (proto/README.md, "native").
// Thread: one at a time. Borrows the frame's text, in which strings are unescaped in place.
// Errors: values. The command's id is set also when the rest is wrong, if it was readable by then.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "proto/publish_object.h"
#include "proto/session.h"

namespace proto::native {

inline constexpr std::uint64_t id_number_max = std::uint64_t{1} << 53;  // what a JavaScript number holds exactly
inline constexpr std::size_t id_string_bytes_max = 64;                  // as written, quotes not counted

struct Command {
  enum class Verb : std::uint8_t { none, subscribe, unsubscribe, publish };
  Verb verb = Verb::none;
  std::string_view id;  // as it was written, to be echoed; empty: none
  PublishObject publish;
  std::string_view topic;  // of subscribe and unsubscribe
  Start start;             // of subscribe
};

// Requires: the text is UTF-8. None: `command` can be run.
[[nodiscard]] std::optional<Error> read_command(std::span<char> text, Command& command);

}  // namespace proto::native
