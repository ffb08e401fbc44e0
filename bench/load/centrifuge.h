// SPDX-License-Identifier: Apache-2.0
// Centrifuge's bidirectional JSON protocol over WebSocket.
#pragma once

#include <memory>

#include "bench/load/protocol.h"

namespace bench::load {

[[nodiscard]] std::unique_ptr<Protocol> make_centrifuge(const ProtocolOptions& options);

}  // namespace bench::load
