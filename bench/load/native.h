// SPDX-License-Identifier: Apache-2.0
// The native dialect, kodama.v1.json: commands and deliveries as JSON in text frames, all topics on one connection.
#pragma once

#include <memory>

#include "bench/load/protocol.h"

namespace bench::load {

[[nodiscard]] std::unique_ptr<Protocol> make_native(const ProtocolOptions& options);

}  // namespace bench::load
