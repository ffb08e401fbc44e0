// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/drain.h"

#include <algorithm>

#include "broker/shard/subscriber.h"

namespace broker::shard {
namespace {

using namespace std::chrono_literals;

constexpr auto step = 16ms;
// After the last was told, an orderly close may take this long; what is left then is cut.
constexpr auto last_patience = 6s;

}  // namespace

void Drain::begin(std::chrono::nanoseconds duration) {
  began_ = now_.steady;
  duration_ = duration;
  slots_ = clients_.slots();
  on_timer();
}

void Drain::on_timer() noexcept {
  const auto elapsed = now_.steady - began_;
  const double part =
      elapsed >= duration_ ? 1.0 : std::chrono::duration<double>(elapsed) / std::chrono::duration<double>(duration_);
  const auto due = static_cast<std::size_t>(part * static_cast<double>(slots_));
  clients_.for_each(told_, due, [](Recipient& client) { static_cast<Subscriber&>(client).go_away(); });
  told_ = std::max(told_, due);
  if (told_ < slots_) return timers_.arm(timer_, now_.steady + step);
  if (elapsed < duration_ + last_patience) return timers_.arm(timer_, now_.steady + last_patience);
  clients_.for_each(0, clients_.slots(), [](Recipient& client) { static_cast<Subscriber&>(client).cut(); });
}

}  // namespace broker::shard
