// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/candidate_session.h"

#include "proto/socketio/candidate.h"
#include "proto/socketio/session_question.h"

namespace proto::socketio {

using Kind = SessionQuestion::Kind;

void CandidateSession::on_open(Host& host) {
  if (way_ == Way::occupied) return host.close(Reason::policy_violation);
  host.wake_in(endpoint_.options().upgrade_timeout);
}

void CandidateSession::on_message(DataType type, std::span<char> payload, Host& host) {
  switch (read_candidate(type, {payload.data(), payload.size()})) {
    case CandidateSays::probe: {
      std::string answer;
      append_packet(answer, framing_, probe_answer);
      host.send(answer);
      return host.ask({.kind = Kind::probing, .transport = Transport::websocket, .sid = sid_});
    }
    case CandidateSays::upgrade:
      taking_ = true;
      return host.ask({.kind = Kind::take,
                       .base64 = framing_ == Framing::websocket_base64,
                       .transport = Transport::websocket,
                       .sid = sid_});
    case CandidateSays::nonsense: return host.close(Reason::protocol_error);
  }
}

void CandidateSession::on_timer(Host& host) {
  if (!taking_) host.close(Reason::handshake_timeout);
}

// The session itself is its host's to take; everything else is a no.
void CandidateSession::on_session_answer(SessionAnswer&&, Host& host) { host.close(Reason::policy_violation); }

void CandidateSession::on_end(Reason, Host& host) {
  if (way_ == Way::free) host.ask({.kind = Kind::gone, .transport = Transport::websocket, .sid = sid_});
}

}  // namespace proto::socketio
