// SPDX-License-Identifier: Apache-2.0
// NATS over TCP: the text protocol, core publish and subscribe (no headers, no echo, no acknowledgement of a publish).
#pragma once

#include <memory>

#include "bench/load/protocol.h"

namespace bench::load {

[[nodiscard]] std::unique_ptr<Protocol> make_nats(const ProtocolOptions& options);

}  // namespace bench::load
