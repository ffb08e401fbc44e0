// SPDX-License-Identifier: Apache-2.0
// Notices when many clients have gone, nobody has come in their place and it has become calm: the moment to give back
// what the heap keeps of them. Steady coming and going is none: what one client leaves the next one takes.
// Thread: the shard. Borrows: the timers.
#pragma once

#include <cstddef>

#include "broker/base/timer_wheel.h"
#include "broker/shard/home.h"

namespace broker::shard {

class Ebb {
 public:
  struct Events {
    void (*on_ebb)(void* context) = nullptr;
    void* context = nullptr;
  };

  Ebb(base::TimerWheel& timers, const Now& now) : timers_(timers), now_(now) { timer_.bind<&Ebb::on_timer>(*this); }

  void tell(const Events& events) { events_ = events; }
  // How many there are; once a turn.
  void note(std::size_t clients) {
    clients_ = clients;
    if (clients >= most_) {
      most_ = clients;
    } else if (is_low() && !timer_.armed()) {
      watch();
    }
  }

 private:
  [[nodiscard]] bool is_low() const;
  void watch();
  void on_timer() noexcept;

  base::TimerWheel& timers_;
  const Now& now_;
  Events events_;
  base::Timer timer_;
  std::size_t clients_ = 0;
  std::size_t most_ = 0;  // since the last ebb
  std::size_t seen_ = 0;  // when the timer was armed
};

}  // namespace broker::shard
