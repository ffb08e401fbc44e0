// SPDX-License-Identifier: Apache-2.0
// What shards ask each other about sessions: questions of requests, of sockets that may come back, and of keys that
// were seen. Thread: made by the sender, used up by the receiver.
#pragma once

#include <chrono>
#include <string>
#include <variant>

#include "proto/socketio/session_question.h"

namespace broker::shard {

// To the shard that the pid names.
struct KeeperQuestion {
  enum class Kind : std::uint8_t { hold, keep, drop, take };
  Kind kind = Kind::take;
  const proto::socketio::NamespaceRules* nsp = nullptr;
  std::string pid = {};
  proto::Tag tag = 0;                       // take
  proto::socketio::KeptSocket socket = {};  // keep
};

// To the shard that the namespace hashes to.
struct DedupeQuestion {
  enum class Kind : std::uint8_t { ask, forget };
  Kind kind = Kind::ask;
  const proto::socketio::NamespaceRules* nsp = nullptr;
  std::string key = {};
  std::chrono::milliseconds window{};
  proto::Tag tag = 0;
};

using SessionMail = std::variant<proto::socketio::SessionQuestion, KeeperQuestion, DedupeQuestion>;

}  // namespace broker::shard
