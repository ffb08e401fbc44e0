// SPDX-License-Identifier: Apache-2.0
// Sockets whose clients may come back (proto/socketio/keeper.h), each kept by the shard that its pid names: who holds
// it while it lives, and what it gets back for as long as its namespace's `recovery.window` says.
//
// Thread: the shard. Owns: what is kept. Borrows: the post, the clients by id, the rules.
// Errors: not kept is an answer.
// Limits: recovery.bytes of a namespace, shared evenly by the shards; beyond it those that have waited longest go
// first.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "broker/base/timer_wheel.h"
#include "broker/shard/sessions.h"
#include "proto/socketio/keeper.h"

namespace broker::shard {

class SessionKeeper final : public proto::socketio::Keeper {
 public:
  using Rules = proto::socketio::NamespaceRules;
  explicit SessionKeeper(Services& services);

  std::string issue(proto::Host& host, const Rules& nsp) override;
  void hold(proto::Host& host, const Rules& nsp, std::string_view pid) override;
  void keep(proto::Host& host, const Rules& nsp, std::string_view pid, proto::socketio::KeptSocket&& socket) override;
  void drop(proto::Host& host, const Rules& nsp, std::string_view pid) override;
  void take(proto::Host& host, proto::Tag tag, const Rules& nsp, std::string_view pid) override;

  // Who asked for it is gone: it is kept again.
  void put_back(proto::socketio::SessionAnswer&& answer);

  // From a session of some shard, or of this one.
  void on_question(const Asker& asker, KeeperQuestion&& question);

  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Waiting {
    Asker asker;
    proto::Tag tag = 0;
  };
  struct Entry {
    const Rules* nsp = nullptr;
    Asker holder = {};                                       // while it lives
    std::optional<proto::socketio::KeptSocket> socket = {};  // when it does not
    std::optional<Waiting> waiting = {};                     // for a holder that was told to give up
    std::size_t bytes = 0;
    std::uint64_t serial = 0;  // of the keeping
  };
  struct Kept {
    std::string pid;
    std::uint64_t serial;
    std::int64_t until_ns;
  };
  struct OfNamespace {
    std::deque<Kept> kept;  // in the order of their ends; some may be gone
    std::size_t bytes = 0;
  };

  void ask(proto::Host& host, KeeperQuestion&& question);
  void on_keep(KeeperQuestion&& question);
  void on_take(const Asker& asker, KeeperQuestion&& question);
  void give(const Waiting& waiting, const KeeperQuestion& question,
            std::optional<proto::socketio::KeptSocket>&& socket);
  void forget(const std::string& pid);
  void keep_to_bytes(const Rules& nsp, OfNamespace& of);
  void on_timer() noexcept;
  void arm();

  Services& services_;
  absl::flat_hash_map<std::string, Entry> entries_;  // by pid
  absl::flat_hash_map<const Rules*, OfNamespace> namespaces_;
  std::uint64_t next_serial_ = 1;
  base::Timer timer_;
};

}  // namespace broker::shard
