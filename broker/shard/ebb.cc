// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/ebb.h"

#include <algorithm>

#include "config/limits.h"

namespace broker::shard {

namespace limits = config::limits;

namespace {

// Of very many some hundreds come and go all the time, and the heap that is gone through is larger.
constexpr std::size_t least_part = 8;

}  // namespace

bool Ebb::is_low() const { return clients_ + std::max(limits::ebb_clients, most_ / least_part) <= most_; }

void Ebb::watch() {
  seen_ = clients_;
  timers_.arm(timer_, now_.steady + limits::ebb_calm);
}

void Ebb::on_timer() noexcept {
  if (!is_low()) return;                                             // others have come
  if (clients_ + limits::ebb_clients / 16 <= seen_) return watch();  // more are going
  most_ = clients_;
  if (events_.on_ebb != nullptr) events_.on_ebb(events_.context);
}

}  // namespace broker::shard
