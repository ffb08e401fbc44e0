// SPDX-License-Identifier: Apache-2.0
// One listener of a shard: accepts without end, and out of descriptors or slots stops for a moment instead of spinning.
// Thread: the shard. Owns: the listening descriptor. Borrows: the ring and the timers.
#pragma once

#include "broker/base/log.h"
#include "broker/base/metrics.h"
#include "broker/base/timer_wheel.h"
#include "broker/io/ring.h"
#include "broker/shard/home.h"

namespace broker::shard {

class Acceptor final : private io::AcceptOperation {
 public:
  class Events {
   public:
    virtual void on_accepted(int socket, base::Listener listener) noexcept = 0;

   protected:
    ~Events() = default;
  };

  Acceptor(io::Ring&, base::TimerWheel&, const Now&, base::ShardMetrics&, base::LogSink&, Events&, int fd,
           base::Listener);

  // Also while it is at work.
  void accept_as(io::Ring::Accepting what);
  void start();
  // No new connections from here on; the descriptor is closed once the kernel lets go of it.
  void stop();
  [[nodiscard]] bool stopped() const { return fd_ < 0; }

 private:
  void complete(const io::Accepted& accepted) noexcept override;
  void on_retry() noexcept;
  void close_if_joined();

  io::Ring& ring_;
  base::TimerWheel& timers_;
  const Now& now_;
  base::ShardMetrics& metrics_;
  base::LogSink& log_;
  Events& events_;
  base::Timer retry_;
  base::LogRateLimit exhausted_;
  int fd_;
  const base::Listener listener_;
  io::Ring::Accepting what_ = io::Ring::Accepting::any;
  bool stopping_ = false;
};

}  // namespace broker::shard
