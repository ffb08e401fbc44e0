// SPDX-License-Identifier: Apache-2.0
// Wake-ups: between rings and from threads without one. Everything here waits without end, so a lost wake hangs the
// test.
#include <atomic>
#include <barrier>
#include <thread>

#include "gmock/gmock.h"
#include "uring_fixture.h"

namespace broker::io {
namespace {

using testing::UringTest;
using Wake = UringOptions::Wake;

constexpr std::chrono::nanoseconds without_end{-1};

// Two shards in miniature. What travels is an atomic, as between real ones; the wake only ends the sleep.
struct Side {
  std::atomic<int> mailbox{0};
  std::atomic<bool> sleeping{false};
  Ring* ring = nullptr;
};

// As a sender does: publish, fence, and wake only a sleeper.
void post(Ring& ours, Side& other, int value) {
  other.mailbox.store(value);
  if (other.sleeping.exchange(false)) ours.wake(*other.ring);
}

void sleep_until(Ring& ours, Side& self, int value) {
  while (self.mailbox.load() < value) {
    self.sleeping.store(true);
    // The look after the flag: the sender either sees the flag or is seen here.
    const bool stay = self.mailbox.load() >= value;
    ours.wait(stay ? std::chrono::nanoseconds{0} : without_end);
    self.sleeping.store(false);
    ours.run();
  }
}

class UringWakeTest : public UringTest, public ::testing::WithParamInterface<Wake> {
 protected:
  void SetUp() override { create({.wake = GetParam()}); }
};

TEST_P(UringWakeTest, PingPongBetweenTwoRings) {
  constexpr int rounds = 2000;
  Side here;
  Side there;
  here.ring = ring_.get();
  std::barrier ready(2);
  std::barrier joined(2);
  std::thread other([&] {
    auto created = UringRing::create({.wake = GetParam()});
    ASSERT_NE(created.ring, nullptr) << created.error;
    there.ring = created.ring.get();
    ready.arrive_and_wait();
    for (int i = 1; i <= rounds; ++i) {
      sleep_until(*created.ring, there, i);
      post(*created.ring, here, i);
    }
    created.ring->wait(std::chrono::nanoseconds{0});  // the last wake leaves with it
    joined.arrive_and_wait();                         // no ring goes while another may still wake it
  });
  ready.arrive_and_wait();
  for (int i = 1; i <= rounds; ++i) {
    post(*ring_, there, i);
    sleep_until(*ring_, here, i);
  }
  joined.arrive_and_wait();
  other.join();
  EXPECT_EQ(here.mailbox.load(), rounds);
}

TEST_P(UringWakeTest, AWakeBeforeTheSleepIsNotLost) {
  std::barrier step(2);
  Ring* sleeper = nullptr;
  std::thread other([&] {
    auto created = UringRing::create({.wake = GetParam()});
    ASSERT_NE(created.ring, nullptr) << created.error;
    sleeper = created.ring.get();
    step.arrive_and_wait();  // there is a ring
    step.arrive_and_wait();  // it was woken
    created.ring->wait(without_end);
    EXPECT_EQ(created.ring->run(), 0u);
    step.arrive_and_wait();  // it may go
  });
  step.arrive_and_wait();
  ring_->wake(*sleeper);
  ring_->wait(std::chrono::nanoseconds{0});
  step.arrive_and_wait();
  step.arrive_and_wait();
  other.join();
}

TEST_P(UringWakeTest, WakesItself) {
  ring_->wake(*ring_);
  ring_->wait(without_end);
  EXPECT_EQ(ring_->run(), 0u);
  ring_->wait(std::chrono::milliseconds{1});  // and only once
}

TEST_P(UringWakeTest, AnyThreadWakes) {
  constexpr int rounds = 200;
  std::atomic<int> asked{0};
  std::atomic<int> answered{0};
  std::thread other([&] {
    for (int i = 1; i <= rounds; ++i) {
      asked.store(i);
      ring_->wake_from_any_thread();
      answered.wait(i - 1);
    }
  });
  for (int i = 1; i <= rounds; ++i) {
    while (asked.load() < i) ring_->wait(without_end);
    answered.store(i);
    answered.notify_one();
  }
  other.join();
}

// Far more messages than its queue holds: what does not fit must end the sleep all the same.
TEST_P(UringWakeTest, ManyWakesToARingThatDoesNotLook) {
  std::barrier step(2);
  Ring* sleeper = nullptr;
  std::thread other([&] {
    auto created = UringRing::create({.submissions = 8, .completions = 16, .wake = GetParam()});
    ASSERT_NE(created.ring, nullptr) << created.error;
    sleeper = created.ring.get();
    step.arrive_and_wait();
    step.arrive_and_wait();
    created.ring->wait(without_end);
    created.ring->run();
    step.arrive_and_wait();
  });
  step.arrive_and_wait();
  for (int i = 0; i < 2000; ++i) ring_->wake(*sleeper);
  ring_->wait(std::chrono::nanoseconds{0});
  ring_->run();
  step.arrive_and_wait();
  step.arrive_and_wait();
  other.join();
}

INSTANTIATE_TEST_SUITE_P(Both, UringWakeTest, ::testing::Values(Wake::ring_message, Wake::eventfd),
                         [](const auto& parameter) {
                           return parameter.param == Wake::ring_message ? "RingMessage" : "Eventfd";
                         });

}  // namespace
}  // namespace broker::io
