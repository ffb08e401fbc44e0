// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/dialect.h"

#include <algorithm>

#include "proto/socketio/engine_exchange.h"

namespace proto::socketio {
namespace {

std::string_view without_slash(std::string_view path) {
  return path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
}

}  // namespace

SocketioDialect::SocketioDialect(const Rules& rules, const SessionLimits& limits)
    : endpoints_(endpoint_rules(rules, limits)) {
  for (const auto& endpoint : endpoints_) paths_.emplace_back(without_slash(endpoint->path()));
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    const std::string_view summary = endpoints_[i]->plain() == nullptr ? "Socket.IO, by polling and WebSocket"
                                                                       : "Engine.IO, by polling and WebSocket";
    for (const std::string_view path : {std::string_view(endpoints_[i]->path()), std::string_view(paths_[i])}) {
      if (!path.empty()) routes_.push_back({Route::Transport::http, "*", path, summary});
    }
  }
}

Opened<HttpSession> SocketioDialect::open_http(const http::Request& request, const SessionOptions&) const {
  const auto at_path = [&](const auto& endpoint) {
    return without_slash(endpoint->path()) == without_slash(request.path);
  };
  const auto endpoint = std::find_if(endpoints_.begin(), endpoints_.end(), at_path);
  if (endpoint == endpoints_.end()) return Error{404, "nothing is at this path"};
  return std::make_unique<EngineExchange>(**endpoint, request);
}

}  // namespace proto::socketio
