// SPDX-License-Identifier: Apache-2.0
// The section `wamp`: the realms of that protocol, each with what the names of its topics begin with. What may be a
// realm's name and a topic's is checked by broker/shard/route_settings.h.
// Thread: any. Errors: mistakes, told as all others. Limits: realms_max.
#pragma once

#include <vector>

#include "config/load.h"
#include "config/tree_reader.h"

namespace config {

struct RealmSetting {
  Word name;
  Word prefix;
};

// In the order of writing; the one realm "realm1" without a prefix where none is written. Adds to the mistakes.
[[nodiscard]] std::vector<RealmSetting> read_realms(Loaded&);

}  // namespace config
