// SPDX-License-Identifier: Apache-2.0
// Socket.IO v4 (Engine.IO 4) over WebSocket only, as a chat's client: joins rooms, publishes an event that the server
// relays to the room (peers/socketio/server.mjs).
#pragma once

#include <memory>

#include "bench/load/protocol.h"

namespace bench::load {

[[nodiscard]] std::unique_ptr<Protocol> make_socketio(const ProtocolOptions& options);

}  // namespace bench::load
