// SPDX-License-Identifier: Apache-2.0
// The end of a shard's life: its clients are told to go, spread evenly over drain.duration, so that they do not all
// come back to the rest of the fleet at once. Thread: the shard. Borrows: the clients.
#pragma once

#include <chrono>

#include "broker/base/timer_wheel.h"
#include "broker/shard/client_table.h"
#include "broker/shard/home.h"

namespace broker::shard {

class Drain {
 public:
  Drain(ClientTable& clients, base::TimerWheel& timers, const Now& now)
      : clients_(clients), timers_(timers), now_(now) {
    timer_.bind<&Drain::on_timer>(*this);
  }

  void begin(std::chrono::nanoseconds duration);

 private:
  void on_timer() noexcept;

  ClientTable& clients_;
  base::TimerWheel& timers_;
  const Now& now_;
  base::Timer timer_;
  std::chrono::steady_clock::time_point began_{};
  std::chrono::nanoseconds duration_{};
  std::size_t slots_ = 0;  // that there were when it began
  std::size_t told_ = 0;   // of them
};

}  // namespace broker::shard
