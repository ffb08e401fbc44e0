// SPDX-License-Identifier: Apache-2.0
// All shards, each on a thread of its own, pinned where there is a processor for each.
// Thread: main's. Owns: the threads, the mesh, the metrics. Borrows: what all shards are told.
// Errors: start() returns why a shard could not be made.
#pragma once

#include <atomic>
#include <barrier>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "broker/io/uring_ring.h"
#include "broker/net/tls_identity.h"
#include "broker/net/tls_ticket_keys.h"
#include "broker/shard/shard.h"
#include "broker/shard/socket_desk.h"

namespace broker::shard {

struct ShardsOptions {
  ShardIndex shards = 1;
  std::vector<int> processors;  // to pin to, one a shard; empty: not pinned
  Home::Options home;           // of each shard: its share of the logs' memory; the seed is drawn anew for each
  const net::TlsIdentity* identity = nullptr;  // null: no TLS
};

class ShardThreads {
 public:
  // All are called by a shard's thread.
  struct Events {
    std::function<void()> on_drained;  // the last of all shards has drained
    std::function<void()> on_adopted;  // the last of all shards has taken over what adopt() told
    std::function<void()> on_ebb;      // one shard's clients have gone, many of them: the heap keeps what they held
  };

  ShardThreads(const ShardsOptions&, const Common&, std::span<base::LogSink* const> logs, Events events);
  ~ShardThreads();

  // One descriptor a shard. Before start().
  void listen(std::vector<base::OwnedFd>&& sockets, base::Listener listener);
  // Returns when every shard runs; otherwise the error.
  [[nodiscard]] std::string start();
  // Their clients are told to go within that time; then on_drained.
  void drain(std::chrono::nanoseconds duration);
  // Their rules from the next turn on; then on_adopted. The configuration lives until the next one has been adopted, or
  // the shards have stopped. Requires: they run, and the last one that was told is adopted().
  void adopt(const Configuration&);
  [[nodiscard]] bool adopted() const { return adopting_.load(std::memory_order_acquire) == 0; }
  // Requires: drained, or no client was ever accepted. Joins.
  void stop();
  // For /healthz: a shard that is well answers with a turn.
  void wake(std::size_t shard);
  // For operators, until the end.
  [[nodiscard]] base::SocketDirectory& sockets() { return socket_desk_; }

  [[nodiscard]] std::vector<const base::ShardMetrics*> metrics() const;
  [[nodiscard]] const std::string& ring_description() const { return ring_description_; }

 private:
  struct One {
    ShardControl control;
    base::ShardMetrics metrics;
    base::LogSink* log = nullptr;
    std::vector<std::pair<int, base::Listener>> listeners;
    std::atomic<io::UringRing*> ring{nullptr};  // from its making on, until all loops have ended
    std::uint64_t epoch_seed = 0;
    std::thread thread;
  };
  [[nodiscard]] static std::vector<std::unique_ptr<One>> make_all(std::span<base::LogSink* const> logs);
  [[nodiscard]] std::vector<SocketInbox*> inboxes() const;
  void run(ShardIndex index);
  void tell(ShardControl::Wanted wanted);
  static void count_drained(void* self);
  static void count_adopted(void* self);
  static void tell_ebb(void* self);

  const ShardsOptions options_;
  const Common& common_;
  const Events events_;
  net::TicketKeys ticket_keys_;
  Mesh mesh_;
  const std::vector<std::unique_ptr<One>> all_;
  SocketDesk socket_desk_;
  std::barrier<> step_;  // threads and main: all rings are made; all loops have ended
  std::atomic<ShardIndex> drained_{0};
  std::atomic<ShardIndex> adopting_{0};  // shards that have not taken over what was offered
  std::mutex error_mutex_;               // only at the start
  std::string error_;
  std::string ring_description_;
  bool running_ = false;
};

}  // namespace broker::shard
