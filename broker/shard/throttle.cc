// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/throttle.h"

#include <utility>

#include "broker/shard/subscriber.h"

namespace broker::shard {
namespace {

using namespace std::chrono_literals;

// Two ticks of the wheel: a client is let go with what its rate has brought it meanwhile.
constexpr auto pause = 32ms;

}  // namespace

void Throttle::hold(Subscriber& client) {
  held_.push_back(&client);
  if (!timer_.armed()) timers_.arm(timer_, now_.steady + pause);
}

void Throttle::on_timer() noexcept {
  for (Subscriber* client : std::exchange(held_, {})) client->unthrottle();
}

}  // namespace broker::shard
