// SPDX-License-Identifier: Apache-2.0
// Clients that have sent more than their rate allows: not read until it allows more, which is looked at every now and
// then for all of them together, so that a client needs no timer of its own for it.
// Thread: the shard. Borrows: the clients, which stay until they have been let go.
#pragma once

#include <vector>

#include "broker/base/timer_wheel.h"
#include "broker/shard/home.h"

namespace broker::shard {

class Subscriber;

class Throttle {
 public:
  Throttle(base::TimerWheel& timers, const Now& now) : timers_(timers), now_(now) {
    timer_.bind<&Throttle::on_timer>(*this);
  }

  // Until Subscriber::unthrottle() is called.
  void hold(Subscriber& client);

 private:
  void on_timer() noexcept;

  base::TimerWheel& timers_;
  const Now& now_;
  base::Timer timer_;
  std::vector<Subscriber*> held_;
};

}  // namespace broker::shard
