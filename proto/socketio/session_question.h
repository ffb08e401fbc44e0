// SPDX-License-Identifier: Apache-2.0
// What requests ask of an Engine.IO session that polls: it outlives their connections and may live on another shard, so
// question and answer travel.
// Thread: made by one shard, used up by another; values that own what they hold.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proto/socketio/engine_request.h"
#include "proto/socketio/engine_session.h"

namespace proto::socketio {

struct SessionQuestion {
  enum class Kind : std::uint8_t {
    open,     // of no session: one is to begin; answered as a poll is
    poll,     // GET: answered when there is something
    post,     // POST, its head alone: answered when it is refused, or where `wants_word`
    body,     // of that POST
    other,    // another method: refused
    gone,     // who asked before wants no answer any more, and gets none
    probe,    // may this WebSocket be the session's?
    probing,  // the WebSocket has sent its `2probe`; not answered
    take,     // … and its `5`: answered with the session
  };
  Kind kind = Kind::poll;
  bool wants_word = false;  // post: the peer waits before it sends the body
  bool raw_bytes = false;   // post: says that it is application/octet-stream
  bool too_large = false;   // post, body: above max_payload
  bool version_4 = true;    // what the query says
  bool base64 = false;
  Transport transport = Transport::polling;
  std::string sid = {};
  std::string body = {};
  const EndpointRules* endpoint = nullptr;
  OpeningRequest opening = {};  // open
};

// A session on its way to the WebSocket that it goes on with.
struct MovedSession {
  std::unique_ptr<EngineSession> session;
  std::string queued;  // packets as polling writes them
  std::vector<Served> served;
};

struct SessionAnswer {
  enum class Kind : std::uint8_t {
    payload,    // of a poll: bytes
    accepted,   // a POST
    go_on,      // with the body of a POST; with the handshake of a WebSocket
    too_large,  // 413
    refused,    // error
    busy,       // 503: there are as many sessions as may be
    cut,        // its connection is to be closed
    occupied,   // of a probe: the WebSocket may be opened, and is closed at once
    moved,      // of a take
    kept,       // of the keeper: tag, socket
    deduped,    // of the dedupes: tag, repeated
    give_up,    // another connection has asked for what this session holds
  };
  Kind kind = Kind::refused;
  EngineError error = EngineError::bad_request;
  std::string bytes = {};
  std::string sid = {};  // of a session that has just begun
  std::unique_ptr<MovedSession> moved = nullptr;
  Tag tag = 0;
  bool repeated = false;
  std::optional<KeptSocket> socket = std::nullopt;
  const NamespaceRules* nsp = nullptr;  // kept
  std::string pid = {};                 // kept
};

}  // namespace proto::socketio
