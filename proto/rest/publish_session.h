// SPDX-License-Identifier: Apache-2.0
// POST /topics/{topic}: the body is one message. Answered once it is sequenced and in the topic's log.
// Thread: the shard of its connection.
// Owns: the body, until it is published.
// Limits: a body above the message limit is refused as soon as it passes it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proto/message.h"
#include "proto/session.h"

namespace proto::rest {

// What the Content-Type makes of the body.
enum class BodyForm : std::uint8_t {
  text,            // must be UTF-8
  json,            // must be JSON; a JSON string is text
  text_or_binary,  // text if it is UTF-8
  binary,
};

[[nodiscard]] Error too_large(std::uint64_t message_bytes_max);

// Gives a string's memory back, which an assignment keeps.
void release(std::string& bytes);

// Writes an error as the answer to a request.
void respond_error(HttpHost& host, const Error& error);

class PublishSession final : public HttpSession {
 public:
  PublishSession(std::string_view topic, std::string_view event, BodyForm form, std::uint64_t message_bytes_max)
      : topic_(topic), event_(event), message_bytes_max_(message_bytes_max), form_(form) {}

  [[nodiscard]] std::size_t on_body(std::string_view piece, HttpHost& host) override;
  [[nodiscard]] std::size_t held_bytes() const override { return body_.size(); }
  void on_body_end(HttpHost& host) override;
  void on_published(Tag tag, const Answer<Published>& answer, Host& host) override;

 private:
  // Finds the kind and the content of the body. None: `publication` is good to publish.
  [[nodiscard]] std::optional<Error> read_body(Publication& publication);

  std::string topic_;
  std::string event_;
  std::string body_;
  std::uint64_t message_bytes_max_;
  BodyForm form_;
  bool refused_ = false;  // what still comes of the body is thrown away
};

}  // namespace proto::rest
