// SPDX-License-Identifier: Apache-2.0
// What the sessions of one endpoint share, made once from the rules at start: its namespaces with their streams and
// formats, or a plain endpoint's messages; which parts of a request the rules name, so that nothing else is kept.
// Thread: any; immutable. Borrows the Rules. Outlives all sessions, and the routers that know its formats by address.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/http/request.h"
#include "proto/socketio/namespace_format.h"
#include "proto/socketio/rules.h"

namespace proto::socketio {

// Of one session.
struct SessionLimits {
  std::size_t namespaces_max = 16;
  std::size_t rooms_max = 64;                   // of one socket
  std::size_t data_bytes_max = 16 * 1024;       // of one socket: what rules `set`, and $auth each
  std::size_t message_bytes_max = 1024 * 1024;  // of an event with each attachment in its place
};

struct ServedNamespace {
  explicit ServedNamespace(const NamespaceRules& of);
  [[nodiscard]] const NamespaceFormat& format(Framing framing) const {
    return formats[static_cast<std::size_t>(framing)];
  }

  const NamespaceRules& rules;
  std::string stream;       // the one subscription of a socket: stream_of(rules.name)
  bool keeps_auth = false;  // $auth is named where it is needed after the CONNECT
  NamespaceFormat formats[framing_count];
};

// What of the request that opened a session its rules name.
struct OpeningRequest {
  std::vector<std::pair<std::string, std::string>> query;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
};

class EndpointRules {
 public:
  EndpointRules(const Rules& rules, const SessionLimits& limits);              // Socket.IO's
  EndpointRules(const EngineEndpoint& endpoint, const SessionLimits& limits);  // a plain one's
  EndpointRules(const EndpointRules&) = delete;
  EndpointRules& operator=(const EndpointRules&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }  // with the slash at the end
  [[nodiscard]] const EngineOptions& options() const { return options_; }
  [[nodiscard]] const SessionLimits& limits() const { return limits_; }
  [[nodiscard]] const EngineEndpoint* plain() const { return plain_; }  // null: Socket.IO
  [[nodiscard]] const std::vector<std::unique_ptr<const ServedNamespace>>& namespaces() const { return namespaces_; }
  [[nodiscard]] const ServedNamespace* find(std::string_view nsp) const;

  [[nodiscard]] OpeningRequest opening(const http::Request& request) const;
  // The handshake's `refuse` rules: 403, code 4.
  [[nodiscard]] bool refuses(const OpeningRequest& opening, std::int64_t time_us) const;

 private:
  const std::string& path_;
  const EngineOptions& options_;
  const SessionLimits limits_;
  const EngineEndpoint* plain_ = nullptr;
  std::vector<std::unique_ptr<const ServedNamespace>> namespaces_;
  std::vector<std::string> query_names_;
  std::vector<std::string> header_names_;
};

// Socket.IO's endpoint, then the plain ones. `rules` outlive them.
[[nodiscard]] std::vector<std::unique_ptr<const EndpointRules>> endpoint_rules(const Rules& rules,
                                                                               const SessionLimits& limits);

}  // namespace proto::socketio
