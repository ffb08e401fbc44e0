// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/ebb.h"

#include <gtest/gtest.h>

#include "config/limits.h"

namespace broker::shard {
namespace {

using namespace std::chrono_literals;
using config::limits::ebb_calm;
using config::limits::ebb_clients;

class EbbTest : public testing::Test {
 protected:
  EbbTest() {
    now.steady = begin;
    ebb.tell({.on_ebb = [](void* count) { ++*static_cast<int*>(count); }, .context = &ebbs});
  }
  void pass(std::chrono::nanoseconds duration) {
    now.steady += std::chrono::duration_cast<std::chrono::steady_clock::duration>(duration);
    timers.advance(now.steady);
  }

  static constexpr std::chrono::steady_clock::time_point begin{1000h};
  static constexpr std::chrono::nanoseconds calm = ebb_calm + 100ms;
  Now now;
  base::TimerWheel timers{begin};
  Ebb ebb{timers, now};
  int ebbs = 0;
};

TEST_F(EbbTest, IsToldOnceWhenManyHaveGoneAndItIsCalm) {
  ebb.note(10'000);
  ebb.note(10);
  pass(ebb_calm - 100ms);
  EXPECT_EQ(ebbs, 0);
  pass(200ms);
  EXPECT_EQ(ebbs, 1);
  ebb.note(0);
  pass(1h);
  EXPECT_EQ(ebbs, 1);
}

TEST_F(EbbTest, WaitsUntilNoMoreAreGoing) {
  ebb.note(10'000);
  ebb.note(8'000);
  for (std::size_t clients = 7'000; clients > 0; clients -= 1'000) {
    ebb.note(clients);
    pass(calm);
    EXPECT_EQ(ebbs, 0) << clients;
  }
  pass(calm);
  EXPECT_EQ(ebbs, 1);
}

TEST_F(EbbTest, IsNoneWhenOthersHaveCome) {
  ebb.note(10'000);
  ebb.note(5'000);
  ebb.note(9'900);
  pass(1h);
  EXPECT_EQ(ebbs, 0);
}

TEST_F(EbbTest, DoesNotWakeTheShardForAFew) {
  ebb.note(ebb_clients);
  ebb.note(1);
  EXPECT_FALSE(timers.next_deadline());
  ebb.note(0);
  EXPECT_TRUE(timers.next_deadline());
}

TEST_F(EbbTest, TakesAnEighthOfVeryMany) {
  ebb.note(800'000);
  ebb.note(700'001);
  EXPECT_FALSE(timers.next_deadline());
  ebb.note(700'000);
  EXPECT_TRUE(timers.next_deadline());
}

TEST_F(EbbTest, ComesAgainWithTheNextStorm) {
  for (int storm = 1; storm <= 3; ++storm) {
    ebb.note(ebb_clients);
    ebb.note(0);
    pass(calm);
    EXPECT_EQ(ebbs, storm);
  }
}

}  // namespace
}  // namespace broker::shard
