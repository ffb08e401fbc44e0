// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/engine_request.h"

#include <algorithm>
#include <iterator>

#include "proto/json.h"
#include "proto/notation.h"

namespace proto::socketio {
namespace {

constexpr EngineErrorFacts errors[] = {
    {0, "Transport unknown", 400}, {1, "Session ID unknown", 400}, {2, "Bad handshake method", 400},
    {3, "Bad request", 400},       {4, "Forbidden", 403},          {5, "Unsupported protocol version", 400},
};
static_assert(std::size(errors) == static_cast<std::size_t>(EngineError::unsupported_version) + 1);

std::optional<Transport> transport_of(std::string_view name) {
  if (name == "polling") return Transport::polling;
  if (name == "websocket") return Transport::websocket;
  return std::nullopt;
}

std::string_view last_of(const http::Query& query, std::string_view name) {
  const auto found =
      std::find_if(query.rbegin(), query.rend(), [name](const auto& item) { return item.first == name; });
  return found == query.rend() ? std::string_view() : found->second;
}

// Only WebSocket is an upgrade, and a WebSocket is nothing else.
bool fits(const EngineQuery& query, Upgrade upgrade) {
  return (query.transport == Transport::websocket) == (upgrade == Upgrade::websocket);
}

}  // namespace

std::string_view name(Transport transport) { return transport == Transport::polling ? "polling" : "websocket"; }

const EngineErrorFacts& facts(EngineError error) { return errors[static_cast<std::size_t>(error)]; }

void append_error(std::string& out, EngineError error, std::string_view message) {
  out += "{\"code\":";
  append_number(out, static_cast<std::uint64_t>(facts(error).code));
  out += ",\"message\":";
  append_json_string(out, message.empty() ? facts(error).message : message);
  out += '}';
}

EngineQuery read_engine_query(const http::Query& query) {
  return {.transport = transport_of(last_of(query, "transport")),
          .sid = last_of(query, "sid"),
          .version_4 = last_of(query, "EIO") == "4",
          .base64 = !last_of(query, "b64").empty()};  // the reference takes anything for a yes
}

std::optional<EngineError> check_transport(const EngineQuery& query, AllowedTransports allowed) {
  if (query.transport == Transport::polling && allowed.polling) return std::nullopt;
  if (query.transport == Transport::websocket && allowed.websocket) return std::nullopt;
  return EngineError::unknown_transport;
}

std::optional<EngineError> check_session(const EngineQuery& query, Upgrade upgrade, Transport session) {
  if (!fits(query, upgrade)) return EngineError::bad_request;
  if (upgrade == Upgrade::none && query.transport != session) return EngineError::bad_request;
  return std::nullopt;
}

std::optional<EngineError> check_opening(const EngineQuery& query, std::string_view method, Upgrade upgrade) {
  if (method != "GET") return EngineError::bad_handshake_method;
  if (!fits(query, upgrade)) return EngineError::bad_request;
  return std::nullopt;
}

std::optional<EngineError> check_version(const EngineQuery& query) {
  if (query.version_4) return std::nullopt;
  return EngineError::unsupported_version;
}

}  // namespace proto::socketio
