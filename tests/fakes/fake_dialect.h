// SPDX-License-Identifier: Apache-2.0
// A dialect of these routes and subprotocols, and requests to them: for tests of who gets which request.
// Thread: one.
#pragma once

#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/dialect.h"
#include "proto/http/request.h"

namespace fakes {

class FakeDialect final : public proto::Dialect {
 public:
  FakeDialect(std::string_view name, std::vector<proto::Route> routes, std::vector<std::string_view> subprotocols = {})
      : name_(name), routes_(std::move(routes)), subprotocols_(std::move(subprotocols)) {}
  std::string_view name() const override { return name_; }
  std::span<const proto::Route> routes() const override { return routes_; }
  std::span<const std::string_view> subprotocols() const override { return subprotocols_; }

 private:
  std::string_view name_;
  std::vector<proto::Route> routes_;
  std::vector<std::string_view> subprotocols_;
};

inline proto::http::Request request(std::string_view method, std::string_view path) {
  proto::http::Request result;
  result.method = method;
  result.path = path;
  return result;
}

// For a WebSocket, offering these subprotocols.
inline proto::http::Request upgrade(std::string_view path, std::string_view offered = {}) {
  proto::http::Request result = request("GET", path);
  result.upgrade_websocket = true;
  if (!offered.empty()) result.headers.emplace_back("sec-websocket-protocol", offered);
  return result;
}

}  // namespace fakes
