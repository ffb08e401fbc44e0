// SPDX-License-Identifier: Apache-2.0
// WAMP v2 (wamp-proto.org), the broker's role: wamp.2.json on a WebSocket at /ws.
// Thread: any; constant. Owns: the realms, which its sessions borrow.
#pragma once

#include <utility>
#include <vector>

#include "proto/dialect.h"
#include "proto/wamp2/realm.h"

namespace proto::wamp2 {

class Wamp2Dialect final : public Dialect {
 public:
  explicit Wamp2Dialect(std::vector<Realm> realms) : realms_(std::move(realms)) {}

  [[nodiscard]] std::string_view name() const override { return "wamp2"; }
  [[nodiscard]] std::span<const Route> routes() const override;
  [[nodiscard]] std::span<const std::string_view> subprotocols() const override;
  [[nodiscard]] Opened<WebSocketSession> open_websocket(const http::Request&, const SessionOptions&) const override;

 private:
  std::vector<Realm> realms_;
};

}  // namespace proto::wamp2
