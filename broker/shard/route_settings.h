// SPDX-License-Identifier: Apache-2.0
// The sections `routes` and `wamp`, out of the settings: what config/, which knows no protocols, has read of them,
// checked against what there is. Thread: any. Errors: mistakes, told as check-config tells them; with any, what is
// returned is only good for further checks.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "config/load.h"
#include "proto/dialect.h"
#include "proto/http/router.h"
#include "proto/wamp2/realm.h"

namespace broker::shard {

// Paths that no route of these dialects has, to topics, and to subprotocols that these dialects speak.
[[nodiscard]] std::vector<proto::http::PathRoute> read_routes(config::Loaded&, std::span<const proto::Dialect* const>);

// Of WAMP.
[[nodiscard]] std::vector<proto::wamp2::Realm> read_realms(config::Loaded&);

}  // namespace broker::shard
