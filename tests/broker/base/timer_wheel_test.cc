// SPDX-License-Identifier: Apache-2.0
#include "broker/base/timer_wheel.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <vector>

namespace broker::base {
namespace {

using namespace std::chrono_literals;
using Clock = TimerWheel::Clock;

constexpr Clock::time_point start{1000s};
constexpr auto tick = 16ms;

// An owner of a timer that remembers when it ran.
struct Owner {
  explicit Owner(std::function<void()> action = {}) : then(std::move(action)) { timer.bind<&Owner::on_due>(*this); }
  void on_due() noexcept {
    ++runs;
    if (then) then();
  }
  Timer timer;
  int runs = 0;
  std::function<void()> then;
};

// Moves on the way a shard does: never past what next_deadline() says. Returns the number of calls of advance().
int go_to(TimerWheel& wheel, Clock::time_point end, const std::function<void(Clock::time_point)>& at = {}) {
  int calls = 0;
  for (auto next = wheel.next_deadline(); next && *next <= end; next = wheel.next_deadline()) {
    if (at) at(*next);
    wheel.advance(*next);
    ++calls;
  }
  wheel.advance(end);
  return calls;
}

TEST(TimerWheel, HasNoDeadlineWhenNothingIsArmed) {
  TimerWheel wheel(start);
  EXPECT_EQ(wheel.next_deadline(), std::nullopt);
  Owner owner;
  wheel.arm(owner.timer, start + 1h);
  EXPECT_TRUE(owner.timer.armed());
  EXPECT_NE(wheel.next_deadline(), std::nullopt);
  wheel.cancel(owner.timer);
  EXPECT_FALSE(owner.timer.armed());
  EXPECT_EQ(wheel.next_deadline(), std::nullopt);
  EXPECT_EQ(wheel.advance(start + 2h), 0u);
  EXPECT_EQ(owner.runs, 0);
}

TEST(TimerWheel, RunsATimerWithinOneTickOfItsDeadlineAndNeverBefore) {
  const Clock::duration delays[] = {1ns,    1ms, 15ms,    16ms,    17ms, 1s,   1023ms, 1024ms,
                                    1025ms, 30s, 65536ms, 65537ms, 2h,   100h, 9000h};
  for (const auto delay : delays) {
    TimerWheel wheel(start);
    Clock::time_point now = start;
    Clock::time_point ran{};
    Owner owner([&] { ran = now; });
    wheel.arm(owner.timer, start + delay);
    const int calls = go_to(wheel, start + delay + tick, [&](Clock::time_point at) { now = at; });
    ASSERT_EQ(owner.runs, 1) << delay.count();
    EXPECT_GE(ran, start + delay) << delay.count();
    EXPECT_LT(ran, start + delay + tick) << delay.count();
    EXPECT_LE(calls, 7) << "one call a level at most: an idle shard is not woken for nothing";
    EXPECT_EQ(wheel.next_deadline(), std::nullopt);
  }
}

TEST(TimerWheel, RunsWhatIsDueWhenTimeJumps) {
  TimerWheel wheel(start);
  std::vector<int> order;
  Owner late([&] { order.push_back(3); });
  Owner early([&] { order.push_back(1); });
  Owner middle([&] { order.push_back(2); });
  Owner later;
  wheel.arm(late.timer, start + 3h);
  wheel.arm(early.timer, start + 20ms);
  wheel.arm(middle.timer, start + 70s);
  wheel.arm(later.timer, start + 5h);
  EXPECT_EQ(wheel.advance(start + 4h), 3u);
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
  EXPECT_TRUE(later.timer.armed());
  EXPECT_EQ(wheel.advance(start + 5h), 1u);
}

TEST(TimerWheel, TakesADeadlineInThePast) {
  TimerWheel wheel(start);
  wheel.advance(start + 10s);
  Owner owner;
  wheel.arm(owner.timer, start - 5s);
  ASSERT_NE(wheel.next_deadline(), std::nullopt);
  EXPECT_LE(*wheel.next_deadline(), start + 10s + tick);
  EXPECT_EQ(wheel.advance(start + 10s + tick), 1u);
  EXPECT_EQ(owner.runs, 1);
}

TEST(TimerWheel, TakesADeadlineBeyondItsLastTick) {
  TimerWheel wheel(start, 1ns);
  Owner owner;
  wheel.arm(owner.timer, Clock::time_point::max());
  EXPECT_EQ(wheel.advance(start + 1h), 0u);
  EXPECT_TRUE(owner.timer.armed());
}

TEST(TimerWheel, MovesAnArmedTimer) {
  TimerWheel wheel(start);
  Owner owner;
  wheel.arm(owner.timer, start + 1s);
  wheel.arm(owner.timer, start + 2h);
  EXPECT_EQ(wheel.advance(start + 1h), 0u);
  wheel.arm(owner.timer, start + 1h + 1s);
  EXPECT_EQ(wheel.advance(start + 1h + 1s + tick), 1u);
  EXPECT_EQ(owner.runs, 1);
}

TEST(TimerWheel, LetsAHandlerArmItsOwnTimerAgain) {
  TimerWheel wheel(start);
  Clock::time_point now = start;
  Owner owner;
  owner.then = [&] { wheel.arm(owner.timer, now + 1s); };
  wheel.arm(owner.timer, start + 1s);
  go_to(wheel, start + 60s + 30 * tick, [&](Clock::time_point at) { now = at; });
  EXPECT_GE(owner.runs, 59);
  EXPECT_LE(owner.runs, 60);
  EXPECT_TRUE(owner.timer.armed());
}

TEST(TimerWheel, RunsWhatAHandlerArmsInALaterAdvanceOnly) {
  TimerWheel wheel(start);
  Owner owner;
  owner.then = [&] { wheel.arm(owner.timer, start); };  // always overdue
  wheel.arm(owner.timer, start + tick);
  EXPECT_EQ(wheel.advance(start + 1h), 1u);
  EXPECT_EQ(wheel.advance(start + 1h), 0u);
  EXPECT_EQ(wheel.advance(start + 1h + tick), 1u);
}

TEST(TimerWheel, LetsAHandlerCancelATimerThatIsDueToo) {
  TimerWheel wheel(start);
  Owner second;
  Owner first([&] { wheel.cancel(second.timer); });
  wheel.arm(first.timer, start + tick);
  wheel.arm(second.timer, start + tick);
  EXPECT_EQ(wheel.advance(start + 1s), 1u);
  EXPECT_EQ(first.runs, 1);
  EXPECT_EQ(second.runs, 0);
  EXPECT_FALSE(second.timer.armed());
}

TEST(TimerWheel, LetsAHandlerMoveATimerThatIsDueToo) {
  TimerWheel wheel(start);
  Owner second;
  Owner first([&] { wheel.arm(second.timer, start + 2s); });
  wheel.arm(first.timer, start + tick);
  wheel.arm(second.timer, start + tick);
  EXPECT_EQ(wheel.advance(start + 1s), 1u);
  EXPECT_EQ(wheel.advance(start + 2s), 1u);
  EXPECT_EQ(second.runs, 1);
}

TEST(TimerWheel, LetsAHandlerDestroyItselfAndOthers) {
  TimerWheel wheel(start);
  auto first = std::make_unique<Owner>();
  auto second = std::make_unique<Owner>();
  Owner third;
  first->then = [&] {
    second.reset();
    auto own = std::move(first->then);  // lives until the handler returns
    first.reset();
  };
  wheel.arm(first->timer, start + tick);
  wheel.arm(second->timer, start + tick);
  wheel.arm(third.timer, start + tick);
  EXPECT_EQ(wheel.advance(start + 1s), 2u);
  EXPECT_EQ(first, nullptr);
  EXPECT_EQ(third.runs, 1);
}

TEST(TimerWheel, ForgetsATimerThatIsDestroyed) {
  TimerWheel wheel(start);
  {
    Owner owner;
    wheel.arm(owner.timer, start + 1s);
  }
  EXPECT_EQ(wheel.next_deadline(), std::nullopt);
  EXPECT_EQ(wheel.advance(start + 2s), 0u);
}

TEST(TimerWheel, DisarmsItsTimersWhenItIsDestroyed) {
  Owner owner;
  {
    TimerWheel wheel(start);
    wheel.arm(owner.timer, start + 1s);
  }
  EXPECT_FALSE(owner.timer.armed());
}

TEST(TimerWheelDeathTest, WantsATimerBound) {
  TimerWheel wheel(start);
  Timer timer;
  EXPECT_DEATH(wheel.arm(timer, start + 1s), "before it was bound");
}

TEST(TimerWheelDeathTest, IsNotAdvancedByAHandler) {
  TimerWheel wheel(start);
  Owner owner([&] { wheel.advance(start + 10s); });
  wheel.arm(owner.timer, start + tick);
  EXPECT_DEATH(wheel.advance(start + 1s), "by a timer's handler");
}

// Against a plain ordered map, with random arming, moving, cancelling and steps of time over all levels.
TEST(TimerWheel, AgreesWithAnOrderedMap) {
  for (const unsigned seed : {1u, 2u, 3u, 4u}) {
    std::mt19937_64 random(seed);
    const auto below = [&](std::uint64_t n) { return static_cast<std::int64_t>(random() % n); };
    TimerWheel wheel(start, 1ms);
    Clock::time_point now = start;
    Clock::time_point before = start;
    std::map<std::size_t, Clock::time_point> model;
    std::vector<std::unique_ptr<Owner>> owners;
    for (std::size_t i = 0; i < 200; ++i) {
      owners.push_back(std::make_unique<Owner>([&, i] {
        ASSERT_TRUE(model.contains(i));
        EXPECT_LE(model[i], now) << "too early";
        EXPECT_GT(model[i] + 1ms, before) << "too late";
        model.erase(i);
      }));
    }
    for (int step = 0; step < 20'000; ++step) {
      const auto i = static_cast<std::size_t>(below(owners.size()));
      if (below(4) != 0) {
        const auto deadline = now + std::chrono::microseconds(1'000 + (below(1'000'000) << below(22)) % 40'000'000'000);
        wheel.arm(owners[i]->timer, deadline);
        model[i] = deadline;
      } else {
        wheel.cancel(owners[i]->timer);
        model.erase(i);
      }
      before = now;
      now += std::chrono::microseconds(below(100'000) << below(10));
      if (const auto next = wheel.next_deadline()) {
        for (const auto& [index, deadline] : model) ASSERT_LT(*next, deadline + 1ms) << "would sleep too long";
      }
      wheel.advance(now);
      ASSERT_EQ(model.empty(), wheel.next_deadline() == std::nullopt);
    }
  }
}

}  // namespace
}  // namespace broker::base
