// SPDX-License-Identifier: Apache-2.0
// A request to an Engine.IO endpoint: what its query says, the checks of it, and the error answers
// (docs/engine.io-protocol/v4-current.md, "Transports"; the codes and their order: packages/engine.io/lib/server.ts).
//
// The order of the checks, which clients' tests look at:
//   check_transport → with a sid: is the session known? (unknown_sid) → check_session
//                     without:    check_opening → the endpoint's refuse rules (forbidden) → check_version
// An Origin with bytes that are no header's is refused with the head (proto/http), before any of this.
//
// Thread: any. Borrows the query. Errors: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proto/http/url.h"

namespace proto::socketio {

enum class Transport : std::uint8_t { polling, websocket };
[[nodiscard]] std::string_view name(Transport transport);

enum class EngineError : std::uint8_t {
  unknown_transport,
  unknown_sid,
  bad_handshake_method,
  bad_request,
  forbidden,
  unsupported_version,
};

struct EngineErrorFacts {
  int code;
  std::string_view message;
  int status;  // of HTTP. A refused upgrade has 400 whatever the error, and the bare message as text/html
};
[[nodiscard]] const EngineErrorFacts& facts(EngineError error);
// {"code":1,"message":"Session ID unknown"}. Whoever refuses (`forbidden`) may say why in words of its own.
void append_error(std::string& out, EngineError error, std::string_view message = {});

struct EngineQuery {
  std::optional<Transport> transport;  // none: missing or unknown
  std::string_view sid;                // empty: opens a session
  bool version_4 = false;              // EIO=4
  bool base64 = false;                 // b64=1: binary goes as base64 on a WebSocket too
};
// `t` (against caches), `j` (JSONP, of version 3) and what users add are left alone. Of what is given twice the last
// counts.
[[nodiscard]] EngineQuery read_engine_query(const http::Query& query);

struct AllowedTransports {
  bool polling = true;
  bool websocket = true;
};
[[nodiscard]] std::optional<EngineError> check_transport(const EngineQuery& query, AllowedTransports allowed);

enum class Upgrade : std::uint8_t { none, websocket };  // what the request's head asks for, not its query

// Of a request with a known sid; an upgrade may change from polling to websocket. `session`: the transport that the
// session has now. Requires: check_transport had no objection.
[[nodiscard]] std::optional<EngineError> check_session(const EngineQuery& query, Upgrade upgrade, Transport session);
// Of a request without one. Requires: check_transport had no objection.
[[nodiscard]] std::optional<EngineError> check_opening(const EngineQuery& query, std::string_view method,
                                                       Upgrade upgrade);
[[nodiscard]] std::optional<EngineError> check_version(const EngineQuery& query);

}  // namespace proto::socketio
