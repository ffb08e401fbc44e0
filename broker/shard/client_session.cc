// SPDX-License-Identifier: Apache-2.0
// A client whose WebSocket goes on with a session that polled.
#include <utility>

#include "broker/shard/client.h"
#include "proto/socketio/session_question.h"

namespace broker::shard {

// The candidate's place is the session's now. What was queued for it leaves before anything that comes.
void Client::take_over(std::unique_ptr<proto::socketio::MovedSession> moved) {
  const proto::socketio::Framing framing = moved->session->framing();
  std::string frames = proto::socketio::reframe(moved->queued, framing);
  if (!frames.empty()) connection_.send_answer(std::move(frames));
  proto::socketio::EngineSession& session = *moved->session;
  session_ = std::move(moved->session);
  services().metrics.session_upgrades.add();
  session.on_moved(services().session_services, moved->served, *this);
  mark_dirty();
}

}  // namespace broker::shard
