// SPDX-License-Identifier: Apache-2.0
#include "proto/wamp2/dialect.h"

#include "proto/wamp2/session.h"

namespace proto::wamp2 {
namespace {

constexpr Route route_list[] = {
    {Route::Transport::websocket, "GET", "/ws", "a WebSocket that speaks wamp.2.json: WAMP v2, the broker's role"},
};
constexpr std::string_view subprotocol_list[] = {"wamp.2.json"};

}  // namespace

std::span<const Route> Wamp2Dialect::routes() const { return route_list; }

std::span<const std::string_view> Wamp2Dialect::subprotocols() const { return subprotocol_list; }

Opened<WebSocketSession> Wamp2Dialect::open_websocket(const http::Request&, const SessionOptions&) const {
  return std::make_unique<Wamp2Session>(realms_);
}

}  // namespace proto::wamp2
