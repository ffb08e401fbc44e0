// SPDX-License-Identifier: Apache-2.0
// A WebSocket that wants to become that of a session which polls (candidate.h). It answers the probe, and asks for the
// session when the `5` has come; then its host puts the session in its place.
// Thread: the shard of its connection. Borrows: the endpoint.
// Errors: anything else that is said closes it; the session goes on by polling. Limits: upgrade_timeout.
#pragma once

#include <string>

#include "proto/session.h"
#include "proto/socketio/endpoint_rules.h"

namespace proto::socketio {

class CandidateSession final : public WebSocketSession {
 public:
  enum class Way : std::uint8_t {
    free,
    occupied,  // another WebSocket probes already: this one is closed
  };
  CandidateSession(const EndpointRules& endpoint, std::string_view sid, Framing framing, Way way)
      : endpoint_(endpoint), sid_(sid), framing_(framing), way_(way) {}

  void on_open(Host& host) override;
  void on_message(DataType type, std::span<char> payload, Host& host) override;
  void on_timer(Host& host) override;
  void on_session_answer(SessionAnswer&& answer, Host& host) override;
  void on_end(Reason reason, Host& host) override;
  [[nodiscard]] bool watches_peer() const override { return true; }
  [[nodiscard]] bool says_why() const override { return false; }  // as the reference
  // Behind the `5` everything is for the session.
  [[nodiscard]] bool takes_messages() const override { return !taking_; }
  [[nodiscard]] Framing framing() const { return framing_; }

 private:
  const EndpointRules& endpoint_;
  const std::string sid_;
  const Framing framing_;
  const Way way_;
  bool taking_ = false;
};

}  // namespace proto::socketio
