// SPDX-License-Identifier: Apache-2.0
// Who keeps the sockets of namespaces with recovery for the time that they may come back: the broker, on all shards as
// one. A pid is the secret by which a client asks for its own; the keeper makes it, and it says where it is kept.
//
// Thread: the session's shard. Each call says whose it is: `Host` is the asking session's.
// Errors: "not kept" is an answer. Limits: the keeper's: the rules' window and bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/session.h"
#include "proto/socketio/rules.h"

namespace proto::socketio {

// What a socket gets back.
struct KeptSocket {
  std::string sid;
  std::vector<std::string> rooms;
  std::vector<std::pair<std::string, std::string>> data;  // names and JSON
};

inline constexpr std::size_t secret_bytes = 20;  // of Host::make_secret, and of a pid

class Keeper {
 public:
  // A pid of secret_bytes for a socket that has none. The session holds it from here on.
  [[nodiscard]] virtual std::string issue(Host& host, const NamespaceRules& nsp) = 0;
  // The session, with this pid already, holds it from here on: it was recovered, or has moved to another host.
  virtual void hold(Host& host, const NamespaceRules& nsp, std::string_view pid) = 0;
  // The session that held it ends, and its client may come back within the rules' window.
  virtual void keep(Host& host, const NamespaceRules& nsp, std::string_view pid, KeptSocket&& socket) = 0;
  // The socket has left for good.
  virtual void drop(Host& host, const NamespaceRules& nsp, std::string_view pid) = 0;
  // Asks for what was kept; it is not kept any more. Answered once, by EngineSession::on_kept with the same tag and not
  // from inside of this call. Where a session still holds the pid (its transport is half open), that one is closed
  // first, which makes it keep. `pid` is what a client says.
  virtual void take(Host& host, Tag tag, const NamespaceRules& nsp, std::string_view pid) = 0;

 protected:
  ~Keeper() = default;
};

}  // namespace proto::socketio
