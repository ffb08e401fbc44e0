// SPDX-License-Identifier: Apache-2.0
// A shard's part in sessions that outlive their connections: it opens them, carries what a request asks to the shard
// that the session's id names, and the answer back to the connection that asked.
// Thread: the shard. Owns: the ids' cipher. Borrows: the post and the table, in which the sessions are.
#pragma once

#include <string>

#include "broker/shard/mail.h"
#include "broker/shard/post.h"
#include "broker/shard/session_ids.h"
#include "broker/shard/session_mail.h"

namespace broker::shard {

struct Services;

class Sessions {
 public:
  Sessions(Services& services, const net::BlockCipher::Key& key) : services_(services), ids_(key) {}

  // Each returns the shard that was asked, as the router does.
  ShardIndex ask(ClientId asker, proto::socketio::SessionQuestion&&);
  ShardIndex send(ShardIndex to, ClientId asker, SessionMail&&);
  void answer(const Asker&, proto::socketio::SessionAnswer&&);
  void refuse(const Asker&, proto::socketio::EngineError);
  // The id of a session in that slot; each call makes another.
  [[nodiscard]] std::string id_of(ClientId);
  // That an id names; this one where it is none of ours.
  [[nodiscard]] ShardIndex shard_of(std::string_view id);

  void on_question(ShardIndex from, RequestMail&&);
  void on_answer(DeliveryMail&&);

 private:
  void take(const Asker&, proto::socketio::SessionQuestion&&);
  void open(const Asker&, proto::socketio::SessionQuestion&&);

  Services& services_;
  SessionIds ids_;
};

}  // namespace broker::shard
