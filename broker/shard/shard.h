// SPDX-License-Identifier: Apache-2.0
// One core's thread with all that it owns: a ring, the clients that it accepted, the topics that hash to it. run() is
// the loop; its turn is a list of functions that one can open.
//
// Thread: constructed, run and destroyed on its own thread; ShardControl is how others speak to it.
// Owns: clients, topics, timers. Borrows: the ring, the mesh and what all shards share.
#pragma once

#include <atomic>
#include <deque>
#include <memory>

#include "broker/net/tls_context.h"
#include "broker/shard/acceptor.h"
#include "broker/shard/client_table.h"
#include "broker/shard/drain.h"
#include "broker/shard/ebb.h"
#include "broker/shard/home.h"
#include "broker/shard/memory_watch.h"
#include "broker/shard/post.h"
#include "broker/shard/router.h"
#include "broker/shard/services.h"
#include "broker/shard/socket_inbox.h"

namespace broker::shard {

// What other threads say to a shard, and hear from it. After a change wake the shard's ring.
struct ShardControl {
  enum class Wanted : std::uint8_t { run, drain, stop };
  std::atomic<Wanted> wanted{Wanted::run};
  std::atomic<std::int64_t> drain_ns{0};
  std::atomic<bool> drained{false};  // it has no client left
  // To be adopted, and then null again; it lives until the next one is offered.
  std::atomic<const Configuration*> offered{nullptr};
  SocketInbox sockets;  // what operators ask
};

class Shard final : public Acceptor::Events {
 public:
  struct Events {
    void (*on_drained)(void* context);  // once, when the last client has gone after `drain` was wanted
    void (*on_adopted)(void* context);  // the configuration that was offered is in force
    void (*on_ebb)(void* context);      // many clients have gone, and it is calm
    void* context;
  };

  Shard(ShardIndex index, io::Ring&, Mesh&, const Common&, const Home::Options&, net::TlsContext*, base::ShardMetrics&,
        base::LogSink&, ShardControl&);
  ~Shard();

  // Takes the descriptor. Before run().
  void listen(int fd, base::Listener listener);
  // Until `stop` is wanted.
  void run(const Events& events);

  void on_accepted(int socket, base::Listener listener) noexcept override;

 private:
  // One turn, in this order.
  void wait();
  void read_clock();
  void obey();
  void adopt(const Configuration& next);
  void revoke_subscriptions();
  void choose_sockets();
  void drive_inputs();
  void drive_handshakes();
  void drain_mailboxes();
  void take(ShardIndex from, RequestMail&& mail);
  void take(DeliveryMail&& mail);
  void flush();
  void bury();
  void heartbeat();

  [[nodiscard]] std::chrono::nanoseconds sleep_time();

  const ShardIndex index_;
  io::Ring& ring_;
  Mesh& mesh_;
  net::TlsContext* const tls_;
  base::ShardMetrics& metrics_;
  base::LogSink& log_;
  ShardControl& control_;
  Now now_;
  base::TimerWheel timers_;
  Post post_;
  Memory memory_;  // before the clients, whose queues are counted in it
  ClientTable clients_;
  Router router_;
  Home home_;
  Services services_;
  MemoryWatch memory_watch_;
  Drain drain_;
  Ebb ebb_;
  std::deque<Acceptor> acceptors_;
  std::vector<Subscriber*> flushing_;  // what was dirty; those before flushed_ have been seen to
  std::size_t flushed_ = 0;
  Events events_{};
};

}  // namespace broker::shard
