// SPDX-License-Identifier: Apache-2.0
#include "proto/native/dialect.h"

#include "proto/native/session.h"

namespace proto::native {
namespace {

constexpr Route route_list[] = {
    {Route::Transport::websocket, "GET", "/ws", "a WebSocket that speaks kodama.v1.json: subscribe, resume, publish"},
};
constexpr std::string_view subprotocol_list[] = {"kodama.v1.json"};

}  // namespace

std::span<const Route> NativeDialect::routes() const { return route_list; }

std::span<const std::string_view> NativeDialect::subprotocols() const { return subprotocol_list; }

Opened<WebSocketSession> NativeDialect::open_websocket(const http::Request&, const SessionOptions&) const {
  return std::make_unique<NativeSession>();
}

}  // namespace proto::native
