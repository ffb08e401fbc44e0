// SPDX-License-Identifier: Apache-2.0
// The section `routes`: paths of the operator's own, each for a topic or for some subprotocols of WebSocket. What
// topics and subprotocols there are is not known here: broker/shard/route_settings.h checks that, and that no path is
// taken. Thread: any. Errors: mistakes, told as all others. Limits: routes_max, route_path_bytes_max.
#pragma once

#include <optional>
#include <vector>

#include "config/load.h"
#include "config/tree_reader.h"

namespace config {

struct RouteSetting {
  Word path;
  std::optional<Word> topic;
  std::vector<Word> dialects;  // subprotocols, none of them twice; empty where there is a topic
};

// In the order of writing; of what is wrong, only what is right of it. Adds to the mistakes.
[[nodiscard]] std::vector<RouteSetting> read_routes(Loaded&);

}  // namespace config
