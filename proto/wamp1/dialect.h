// SPDX-License-Identifier: Apache-2.0
// WAMP v1, the subprotocol `wamp`: publish and subscribe as JSON arrays on a WebSocket at /ws.
// Thread: any; constant.
#pragma once

#include "proto/dialect.h"

namespace proto::wamp1 {

class Wamp1Dialect final : public Dialect {
 public:
  [[nodiscard]] std::string_view name() const override { return "wamp1"; }
  [[nodiscard]] std::span<const Route> routes() const override;
  [[nodiscard]] std::span<const std::string_view> subprotocols() const override;
  [[nodiscard]] Opened<WebSocketSession> open_websocket(const http::Request&, const SessionOptions&) const override;
};

}  // namespace proto::wamp1
