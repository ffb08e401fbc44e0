// SPDX-License-Identifier: Apache-2.0
// What a client needs for one HTTP request: the reader, the request and the session that answers it. Made at its first
// byte and given back at its end, mostly within one turn: a connection that waits owns none. Thread: the shard.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "proto/http/request.h"
#include "proto/http/request_reader.h"
#include "proto/http/response.h"
#include "proto/session.h"

namespace broker::shard {

struct HttpExchange {
  explicit HttpExchange(const proto::http::Limits& limits) : reader(limits) {}

  // From the head of a request until its answer has been given and its body has been read.
  [[nodiscard]] bool under_way() const { return request.has_value(); }

  // Of what has come of a request and is not done with.
  [[nodiscard]] std::size_t held_bytes() const {
    return held_body.size() + (session == nullptr ? 0 : session->held_bytes());
  }

  // What says how it is to be answered stays. Requires: the session does not keep the request, and judges_origin.
  void forget_head() {
    proto::http::Request bare;
    bare.version_minor = request->version_minor;
    bare.keep_alive = request->keep_alive;
    bare.has_body = request->has_body;
    request = std::move(bare);
  }

  proto::http::RequestReader reader;
  std::optional<proto::http::Request> request;
  std::unique_ptr<proto::HttpSession> session;
  std::unique_ptr<proto::WebSocketSession> upgrade_to;  // instead of an answer
  std::string upgrade_headers;                          // with it
  std::string held_body;                                // what the session had no room for
  bool publishes = false;                               // the route publishes: a refusal is counted as one
  bool judges_origin = false;                           // the session says who may see the answer
  bool head_request = false;                            // HEAD: the answer to GET without its body
  bool body_ended = false;                              // the body's end has been read
  bool body_end_told = false;                           // … and the session knows
  bool answering = false;                               // begin() was called
  bool streams = false;                                 // stream() was called
  bool answered = false;
  bool keep_alive = false;   // the answer has said that another request may follow
  bool input_ended = false;  // the peer sends no more
};

}  // namespace broker::shard
