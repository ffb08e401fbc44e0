// SPDX-License-Identifier: Apache-2.0
// From a message's content to an event's arguments and back (README.md, "Content").
//
//   text                  one argument, a string
//   json, an array        the arguments
//   json, anything else   one argument
//   binary                one argument, an attachment
//   json_attachments      the arguments, as they were
//
// Thread: any. Borrows: see each.
#pragma once

#include <absl/container/inlined_vector.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/message.h"
#include "proto/socketio/fill.h"

namespace proto::socketio {

// Views the message, or its own bytes.
struct EventArguments {
  std::string_view json;  // values joined by commas
  std::vector<std::string_view> attachments;
  std::vector<Placeholder> placeholders;

  std::string written;  // what `json` views where it is not the message's

  EventArguments() = default;
  EventArguments(const EventArguments&) = delete;
  EventArguments& operator=(const EventArguments&) = delete;
};
void read_arguments(const Message& message, EventArguments& arguments);

// Values joined by commas, one by one. Requires: JSON that was checked.
struct SplitValues {
  std::size_t count = 0;
  absl::InlinedVector<std::string_view, 8> first;  // argument_views_max of them
};
[[nodiscard]] SplitValues split_values(std::string_view json);

// Owns what it wrote.
struct EventContent {
  Kind kind = Kind::json;
  std::string bytes;
  std::size_t inlined_bytes = 0;  // with each attachment in its places; that is what is held against the message limit
};
// Requires: JSON that was checked, and placeholders of attachments alone (check_deliverable).
[[nodiscard]] EventContent write_content(const Filled& arguments);

}  // namespace proto::socketio
