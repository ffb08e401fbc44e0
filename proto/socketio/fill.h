// SPDX-License-Identifier: Apache-2.0
// Templates filled in with what is known of a socket and an event: JSON, and the attachments that it still needs, in
// their order and numbered anew.
// Thread: any. Borrows everything: attachments are views of those of the event, and of the rules.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/socketio/packet.h"
#include "proto/socketio/rules.h"

namespace proto::socketio {

struct Arguments {
  std::string_view all;  // JSON values joined by commas
  std::size_t count = 0;
  std::span<const std::string_view> each;  // the first argument_views_max of them
  std::span<const Placeholder> placeholders;
  std::span<const std::string> attachments;
};
[[nodiscard]] Arguments arguments_of(const Packet& packet, std::span<const std::string> attachments = {});

// A message of plain Engine.IO.
struct EngineMessage {
  std::string_view bytes;
  bool binary = false;
};

// What may be known; what is not stays empty, and templates of it are null.
struct Known {
  using Pairs = std::span<const std::pair<std::string, std::string>>;
  std::string_view sid = {};
  std::string_view auth = {};  // JSON, an object; visible_auth() made it
  Pairs query = {};
  Pairs headers = {};  // names in lower case
  Pairs data = {};     // JSON
  bool recovered = false;
  std::string_view event = {};
  Arguments arguments = {};
  std::string_view cursor = {};
  bool cursor_later = false;  // it will be known: its places are noted, see Filled
  std::int64_t time_us = 0;   // since 1970
  EngineMessage message = {};
};

struct Filled {
  std::string json;  // of a list: values joined by commas
  std::vector<std::string_view> attachments;
  std::vector<std::size_t> cursors = {};  // where in `json` the cursor goes that was not known yet
};
// Puts it there.
void insert_cursor(std::string& json, std::span<const std::size_t> cursors, std::string_view cursor);

[[nodiscard]] Filled fill(const Template& value, const Known& known);
[[nodiscard]] Filled fill_list(std::span<const Template> values, const Known& known);
// Text where the value is text.
[[nodiscard]] std::optional<std::string> fill_text(const Template& value, const Known& known);
[[nodiscard]] bool holds(const Guard& guard, const Known& known);

// CONNECT's payload without `pid` and `offset`, which are secrets of the recovery; `{}` where there is none.
// Requires: an object that was checked, or nothing.
[[nodiscard]] std::string visible_auth(std::string_view payload);

}  // namespace proto::socketio
