// SPDX-License-Identifier: Apache-2.0
// Finds the placeholders in JSON with attachments: every object whose last "_placeholder" is true, wherever it stands
// and whatever else is in it, is replaced by attachment "num" when a client's parser puts the packet together; what is
// inside of it is not looked at. Thread: any. Borrows the JSON: found ones view it. Reads a copy, because reading keys
// unescapes them in place; only packets with attachments pay for that.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "proto/socketio/packet.h"

namespace proto::socketio {

// Appends the placeholders of one JSON value in their order. False: one has no "num" from 0 to attachments - 1, written
// with digits alone (the parser would refuse the packet, or put nothing in its place), or the JSON is none.
// Requires: `json` was checked.
[[nodiscard]] bool find_placeholders(std::string_view json, std::size_t attachments, std::vector<Placeholder>& found);

}  // namespace proto::socketio
