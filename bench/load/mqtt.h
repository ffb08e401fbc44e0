// SPDX-License-Identifier: Apache-2.0
// MQTT 3.1.1 over TCP, QoS 0: a clean session, no keep-alive.
#pragma once

#include <memory>

#include "bench/load/protocol.h"

namespace bench::load {

[[nodiscard]] std::unique_ptr<Protocol> make_mqtt(const ProtocolOptions& options);

}  // namespace bench::load
