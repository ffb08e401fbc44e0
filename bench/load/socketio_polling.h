// SPDX-License-Identifier: Apache-2.0
// Socket.IO v4 (Engine.IO 4) over long polling, as a chat's client that joins rooms: one keep-alive connection with one
// request on its way at a time, a POST when there is something to say and otherwise a GET. Whoever publishes has a
// WebSocket (socketio.h): it is the deliveries that are measured.
#pragma once

#include <memory>

#include "bench/load/protocol.h"

namespace bench::load {

[[nodiscard]] std::unique_ptr<Protocol> make_socketio_polling(const ProtocolOptions& options);

}  // namespace bench::load
