// SPDX-License-Identifier: Apache-2.0
// A session of a plain Engine.IO endpoint: its rules decide by the message what is done; the messages of the topics
// that the endpoint subscribes to are sent as they are.
// Thread, owns: see EngineSession. Errors: what a rule cannot do is counted, and the session lives on.
#pragma once

#include "proto/socketio/engine_session.h"
#include "proto/socketio/run_rules.h"

namespace proto::socketio {

class PlainSession final : public EngineSession {
 public:
  using EngineSession::EngineSession;

  void on_published(Tag tag, const Answer<Published>& answer, Host& host) override;
  void on_subscribed(Tag tag, std::string_view topic, const Answer<Subscribed>& answer, Host& host) override;
  [[nodiscard]] const WireFormat* wire_format() const override;

 private:
  void on_opened(Host& host) override;
  void on_text(std::span<char> text, Host& host) override;
  void on_binary(std::string_view bytes, Host& host) override;
  void subscribe_again(std::span<const Served> served, Host& host) override;

  void subscribe(std::string_view topic, const Start& start, Host& host);
  void decide(const EngineMessage& message, Host& host);
  void run_all(std::span<const Action> actions, const EngineMessage& message, Host& host);
  void send(const Step& step, Host& host);
  void publish(const Step& step, Host& host);
};

}  // namespace proto::socketio
