// SPDX-License-Identifier: Apache-2.0
// Server-sent events: GET /topics/{topic} for whoever accepts text/event-stream, and GET /events for several topics at
// once. Parameters that it does not know are left alone: URLs carry cache busters.
// Thread: any; constant.
// Errors: what the head shows to be wrong is a 400 with a sentence that says what is right.
#pragma once

#include "proto/dialect.h"

namespace proto::sse {

inline constexpr std::size_t topics_max = 32;  // of one stream: each event's id names a position of each

class SseDialect final : public Dialect {
 public:
  [[nodiscard]] std::string_view name() const override { return "sse"; }
  [[nodiscard]] std::span<const Route> routes() const override;
  [[nodiscard]] Opened<HttpSession> open_http(const http::Request&, const SessionOptions&) const override;
};

}  // namespace proto::sse
