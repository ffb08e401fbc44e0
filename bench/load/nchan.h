// SPDX-License-Identifier: Apache-2.0
// Nchan: subscribers over WebSocket. A publisher of one topic uses a WebSocket too, which is the faster way; a
// publisher of many uses pipelined HTTP requests on one connection, as Nchan's WebSocket publishes to the channel of
// its address.
#pragma once

#include <memory>

#include "bench/load/protocol.h"

namespace bench::load {

[[nodiscard]] std::unique_ptr<Protocol> make_nchan(const ProtocolOptions& options);

}  // namespace bench::load
