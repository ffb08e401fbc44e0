// SPDX-License-Identifier: Apache-2.0
// Engine.IO's part of the rules, read: timing and transport of endpoints, and the plain endpoints.
// Thread: one at a time. Errors: mistakes in the reader; what could not be read keeps its default.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proto/socketio/rule_reader.h"
#include "proto/socketio/rules.h"

namespace proto::socketio {

// The keys of timing and transport, with others of the same map.
[[nodiscard]] std::vector<std::string_view> option_keys(std::initializer_list<std::string_view> more);
// What is given replaces what `options` hold.
void read_options(RuleReader& reader, Fields& fields, EngineOptions& options);
// "/socket.io" becomes "/socket.io/".
void read_path(RuleReader& reader, const Place& place, std::string& path);
// Those whose path could be read; each begins with `inherited` options.
[[nodiscard]] std::vector<EngineEndpoint> read_endpoints(RuleReader& reader, const Place& list,
                                                         const EngineOptions& inherited);

}  // namespace proto::socketio
