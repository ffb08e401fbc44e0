// SPDX-License-Identifier: Apache-2.0
// One request to an Engine.IO endpoint: opens a session, or asks the one that its `sid` names, which may live on
// another shard, and writes the answer (docs/engine.io-protocol/v4-current.md, "Transports"; the order of the checks:
// engine_request.h). A WebSocket begins here too, as its request may be refused for what a session says.
// Thread: the shard of its connection. Owns: the body of a POST. Borrows: the endpoint; the request until on_request.
// Errors: EngineError, as JSON; of a refused upgrade 400 with the bare message, and the end of the connection.
// Limits: max_payload for a body.
#pragma once

#include <string>
#include <string_view>

#include "proto/http/request.h"
#include "proto/session.h"
#include "proto/socketio/session_question.h"

namespace proto::socketio {

class EngineExchange final : public HttpSession {
 public:
  EngineExchange(const EndpointRules& endpoint, const http::Request& request);

  void on_request(HttpHost& host) override;
  [[nodiscard]] std::size_t on_body(std::string_view piece, HttpHost& host) override;
  [[nodiscard]] std::size_t held_bytes() const override { return body_.size(); }
  [[nodiscard]] bool takes_body_now() const override { return !asked_; }
  [[nodiscard]] bool ends_with_input() const override { return true; }
  [[nodiscard]] bool keeps_request() const override { return upgrades_; }  // an upgrade's handshake is checked later
  void on_body_end(HttpHost& host) override;
  void on_gone(HttpHost& host) override;
  void on_session_answer(SessionAnswer&& answer, Host& host) override;

 private:
  enum class Coding : std::uint8_t { none, deflate, gzip };

  void open(const EngineQuery& query, HttpHost& host);
  void ask_session(const EngineQuery& query, HttpHost& host);
  void refuse(EngineError error, HttpHost& host) const;
  void answer_payload(std::string_view payload, std::string_view sid, HttpHost& host) const;
  void answer_preflight(HttpHost& host) const;
  [[nodiscard]] std::string cross_origin(HttpHost& host) const;
  [[nodiscard]] bool origin_may(HttpHost& host) const;
  // Of the answer that opens a session: the cookie, and what the settings add.
  void append_opening_headers(std::string& out, std::string_view sid) const;

  const EndpointRules& endpoint_;
  const http::Request* request_;  // until on_request has returned
  std::string sid_;
  std::string cors_;  // headers of every answer
  std::string body_;
  Coding coding_ = Coding::none;
  bool upgrades_ = false;
  bool base64_ = false;
  bool posts_ = false;
  bool asked_ = false;  // a session, which has not answered for good
  bool too_large_ = false;
};

}  // namespace proto::socketio
