// SPDX-License-Identifier: Apache-2.0
#include "proto/wamp1/dialect.h"

#include "proto/wamp1/session.h"

namespace proto::wamp1 {
namespace {

constexpr Route route_list[] = {
    {Route::Transport::websocket, "GET", "/ws",
     "a WebSocket that speaks WAMP v1, where the subprotocol wamp is offered"},
};
constexpr std::string_view subprotocol_list[] = {"wamp"};

}  // namespace

std::span<const Route> Wamp1Dialect::routes() const { return route_list; }

std::span<const std::string_view> Wamp1Dialect::subprotocols() const { return subprotocol_list; }

Opened<WebSocketSession> Wamp1Dialect::open_websocket(const http::Request&, const SessionOptions&) const {
  return std::make_unique<Wamp1Session>();
}

}  // namespace proto::wamp1
