// SPDX-License-Identifier: Apache-2.0
// The native dialect: kodama.v1.json, commands and deliveries as JSON text frames on a WebSocket at /ws.
// Thread: any; constant.
#pragma once

#include "proto/dialect.h"

namespace proto::native {

class NativeDialect final : public Dialect {
 public:
  [[nodiscard]] std::string_view name() const override { return "native"; }
  [[nodiscard]] std::span<const Route> routes() const override;
  [[nodiscard]] std::span<const std::string_view> subprotocols() const override;
  [[nodiscard]] Opened<WebSocketSession> open_websocket(const http::Request&, const SessionOptions&) const override;
};

}  // namespace proto::native
