// SPDX-License-Identifier: Apache-2.0
// A client's session in kodama.v1.json: runs one command a frame and answers it under the client's own id.
// Thread: the shard of its connection.
// Owns: nothing while idle. A command's id waits in its tag when it is a number, and in a table when it is a string.
// Errors: every mistake is answered; the connection stays.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <string>
#include <string_view>

#include "proto/native/command.h"
#include "proto/session.h"

namespace proto::native {

class NativeSession final : public WebSocketSession {
 public:
  void on_message(DataType type, std::span<char> payload, Host& host) override;
  void on_published(Tag tag, const Answer<Published>& answer, Host& host) override;
  void on_subscribed(Tag tag, std::string_view topic, const Answer<Subscribed>& answer, Host& host) override;
  void on_revoked(std::string_view topic, Host& host) override;
  void append_gap(std::string_view topic, const Gap& gap, std::string& out) const override;
  [[nodiscard]] const WireFormat* wire_format() const override;

 private:
  void run(const Command& command, Tag tag, Host& host);
  [[nodiscard]] Tag remember(std::string_view id);
  [[nodiscard]] std::string begin_answer(Tag tag);
  // Appends `"id":…,`, or nothing, and forgets the tag: an answer is given once.
  void append_id(std::string& out, Tag tag);
  void refuse(Tag tag, const Error& error, Host& host);

  absl::flat_hash_map<Tag, std::string> string_ids_;  // of the commands whose answers are to come
  Tag last_string_tag_ = 0;
};

static_assert(sizeof(NativeSession) <= 100, "a million idle sessions are to fit");

}  // namespace proto::native
