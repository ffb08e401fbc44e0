// SPDX-License-Identifier: Apache-2.0
// Keys of events that must not be done twice (proto/socketio/dedupes.h), each namespace's on the shard that its name
// hashes to, so that a client may try again by any connection.
// Thread: the shard. Owns: hashes of the keys; their seed is the shard's secret.
// Limits: limits::dedupe_keys_max a shard; beyond it the oldest are forgotten first.
#pragma once

#include <deque>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "broker/shard/session_mail.h"
#include "broker/shard/sessions.h"
#include "proto/socketio/dedupes.h"

namespace broker::shard {

class DedupeTable final : public proto::socketio::Dedupes {
 public:
  using Rules = proto::socketio::NamespaceRules;
  explicit DedupeTable(Services& services);

  void ask(proto::Host& host, proto::Tag tag, const Rules& nsp, std::string_view key,
           std::chrono::milliseconds window) override;
  void forget(proto::Host& host, const Rules& nsp, std::string_view key) override;

  void on_question(const Asker& asker, DedupeQuestion&& question);

 private:
  using Hash = std::pair<std::uint64_t, std::uint64_t>;
  struct Seen {
    Hash hash;
    std::int64_t until_ns;
  };

  void send(proto::Host& host, DedupeQuestion&& question);
  [[nodiscard]] bool note(const Hash& hash, std::int64_t window_ns);
  void drop_oldest();
  [[nodiscard]] Hash hash_of(const DedupeQuestion& question) const;

  Services& services_;
  const std::uint64_t seed_;
  absl::flat_hash_map<Hash, std::int64_t> until_ns_;
  std::deque<Seen> order_;  // as they came; some may be forgotten, or seen again
};

}  // namespace broker::shard
