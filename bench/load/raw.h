// SPDX-License-Identifier: Apache-2.0
// The raw dialect: a WebSocket on /topics/{topic}; a delivery is the content of a text frame. The floors speak it too.
#pragma once

#include <memory>

#include "bench/load/protocol.h"

namespace bench::load {

// Takes one topic: it is in the path. A publisher asks for no deliveries.
[[nodiscard]] std::unique_ptr<Protocol> make_raw(const ProtocolOptions& options);

}  // namespace bench::load
