// SPDX-License-Identifier: Apache-2.0
// GET /topics/{topic}: a page of the topic's log as JSON.
// Thread: the shard of its connection.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proto/session.h"

namespace proto::rest {

class LogSession final : public HttpSession {
 public:
  LogSession(std::string_view topic, const Start& start, std::uint32_t limit)
      : topic_(topic), start_(start), limit_(limit) {}

  void on_body_end(HttpHost& host) override;
  void on_log(Tag tag, const Answer<LogPage>& answer, Host& host) override;

 private:
  std::string topic_;
  Start start_;
  std::uint32_t limit_;
};

}  // namespace proto::rest
