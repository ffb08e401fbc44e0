// SPDX-License-Identifier: Apache-2.0
// Engine.IO's endpoints: Socket.IO's, and the plain ones of the rules. Each takes every request to its path, with the
// last slash and without.
// Thread: any; constant. Owns: what the endpoints' sessions share. Borrows: the rules.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "proto/dialect.h"
#include "proto/socketio/endpoint_rules.h"

namespace proto::socketio {

class SocketioDialect final : public Dialect {
 public:
  SocketioDialect(const Rules& rules, const SessionLimits& limits);

  [[nodiscard]] std::string_view name() const override { return "socketio"; }
  [[nodiscard]] std::span<const Route> routes() const override { return routes_; }
  [[nodiscard]] bool judges_origin(const http::Request&) const override { return true; }
  [[nodiscard]] Opened<HttpSession> open_http(const http::Request&, const SessionOptions&) const override;

 private:
  std::vector<std::unique_ptr<const EndpointRules>> endpoints_;
  std::vector<std::string> paths_;  // without the last slash
  std::vector<Route> routes_;
};

}  // namespace proto::socketio
