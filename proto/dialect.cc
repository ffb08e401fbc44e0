// SPDX-License-Identifier: Apache-2.0
#include "proto/dialect.h"

namespace proto {

Opened<WebSocketSession> Dialect::open_websocket(const http::Request&, const SessionOptions&) const {
  return Error{404, "no WebSocket here"};
}

Opened<HttpSession> Dialect::open_http(const http::Request&, const SessionOptions&) const {
  return Error{404, "nothing here over HTTP"};
}

}  // namespace proto
