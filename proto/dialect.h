// SPDX-License-Identifier: Apache-2.0
// What a dialect offers to the broker: its routes, and how a request becomes a session. A dialect is one folder in
// proto/ and one line in broker/dialects.h.
// Thread: any; dialects are constant.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <variant>

#include "proto/session.h"

namespace proto {

namespace http {
class Request;
}

struct Route {
  enum class Transport : std::uint8_t { http, websocket };
  Transport transport = Transport::http;
  std::string_view method;  // GET for a WebSocket; "*": the dialect takes all requests to the path, upgrades too
  // A literal path, or a prefix that ends in "/{topic}": the rest of the path, percent-decoded, is the topic; or one
  // that ends in "/{file}": any path for which the dialect has a file.
  std::string_view path;
  std::string_view summary;  // one line, for the list that a 404 carries
  bool publishes = false;    // HTTP only: wants a backend's key where dev is off
  std::string_view media = {};  // HTTP only: for requests whose Accept names this type, before a route without one
};

struct SessionOptions {
  std::uint64_t message_bytes_max = 0;
};

template <class T>
using Opened = std::variant<std::unique_ptr<T>, Error>;

class Dialect {
 public:
  virtual ~Dialect() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;  // the metric label
  [[nodiscard]] virtual std::span<const Route> routes() const = 0;
  // The subprotocols that it speaks on its WebSocket routes; it also takes a request that offers none of them.
  [[nodiscard]] virtual std::span<const std::string_view> subprotocols() const { return {}; }
  // Whether there is something at a path below a route that ends in "{file}". `path` is whole and percent-encoded.
  [[nodiscard]] virtual bool has_file(std::string_view /*path*/) const { return false; }
  // It says itself which pages of other origins may see its answers, and not access.origins.
  [[nodiscard]] virtual bool judges_origin(const http::Request&) const { return false; }
  // Requires: the request matched one of routes(), or, under another path, a route that stands for one (http/router.h):
  // what a {topic} was is in request.topic alone. An Error becomes the answer to the request.
  [[nodiscard]] virtual Opened<WebSocketSession> open_websocket(const http::Request&, const SessionOptions&) const;
  [[nodiscard]] virtual Opened<HttpSession> open_http(const http::Request&, const SessionOptions&) const;
};

}  // namespace proto
