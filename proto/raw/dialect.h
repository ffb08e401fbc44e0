// SPDX-License-Identifier: Apache-2.0
// The raw dialect: a WebSocket on a topic's own URL. ?last=N and ?after=OFFSET (&epoch=HEX) begin in the log;
// ?publish=only receives nothing. Parameters that it does not know are left alone: URLs carry cache busters.
// Thread: any; constant.
#pragma once

#include "proto/dialect.h"

namespace proto::raw {

class RawDialect final : public Dialect {
 public:
  [[nodiscard]] std::string_view name() const override { return "raw"; }
  [[nodiscard]] std::span<const Route> routes() const override;
  [[nodiscard]] Opened<WebSocketSession> open_websocket(const http::Request&, const SessionOptions&) const override;
};

}  // namespace proto::raw
