// SPDX-License-Identifier: Apache-2.0
// Who remembers the keys of events that must not be done twice: the broker, on all shards as one, because a client that
// tries again may come by another connection.
// Thread: the session's shard. `Host` is the asking session's. Limits: the implementation's; a key that is forgotten
//   before its time lets an event pass twice.
#pragma once

#include <chrono>
#include <string_view>

#include "proto/session.h"
#include "proto/socketio/rules.h"

namespace proto::socketio {

class Dedupes {
 public:
  // Whether the key was seen within the window; from here on it was. Answered once, by EngineSession::on_deduped with
  // the same tag and not from inside of this call; answers for one namespace come in the order of the questions.
  virtual void ask(Host& host, Tag tag, const NamespaceRules& nsp, std::string_view key,
                   std::chrono::milliseconds window) = 0;
  // What the key stood for could not be done: the next try is not a repetition.
  virtual void forget(Host& host, const NamespaceRules& nsp, std::string_view key) = 0;

 protected:
  ~Dedupes() = default;
};

}  // namespace proto::socketio
