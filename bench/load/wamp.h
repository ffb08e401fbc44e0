// SPDX-License-Identifier: Apache-2.0
// WAMP v2 (wamp.2.json, wamp-proto.org): HELLO, SUBSCRIBE for each topic, EVENTs whose one argument is the payload.
#pragma once

#include <memory>

#include "bench/load/protocol.h"

namespace bench::load {

[[nodiscard]] std::unique_ptr<Protocol> make_wamp(const ProtocolOptions& options);

}  // namespace bench::load
