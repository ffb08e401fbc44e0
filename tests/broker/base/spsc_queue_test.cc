// SPDX-License-Identifier: Apache-2.0
#include "broker/base/spsc_queue.h"

#include <gtest/gtest.h>

#include <memory>
#include <semaphore>
#include <thread>
#include <vector>

namespace broker::base {
namespace {

TEST(SpscQueue, HandsItemsOverInOrderOncePublished) {
  SpscQueue<int> queue(4);
  EXPECT_EQ(queue.front(), nullptr);
  ASSERT_TRUE(queue.try_push(1));
  ASSERT_TRUE(queue.try_push(2));
  EXPECT_TRUE(queue.has_staged());
  EXPECT_EQ(queue.front(), nullptr) << "staged is not published";
  EXPECT_EQ(queue.size_approx(), 0u);
  queue.publish();
  EXPECT_FALSE(queue.has_staged());
  EXPECT_EQ(queue.size_approx(), 2u);
  ASSERT_NE(queue.front(), nullptr);
  EXPECT_EQ(*queue.front(), 1);
  queue.pop();
  EXPECT_EQ(*queue.front(), 2);
  queue.pop();
  EXPECT_EQ(queue.front(), nullptr);
}

TEST(SpscQueue, RefusesWhenFullAndLeavesTheItemAlone) {
  SpscQueue<std::unique_ptr<int>> queue(2);
  ASSERT_TRUE(queue.try_push(std::make_unique<int>(1)));
  ASSERT_TRUE(queue.try_push(std::make_unique<int>(2)));
  auto third = std::make_unique<int>(3);
  EXPECT_FALSE(queue.try_push(std::move(third)));
  ASSERT_NE(third, nullptr);
  EXPECT_EQ(*third, 3);
  EXPECT_EQ(queue.room(), 0u);
}

TEST(SpscQueue, FreesSlotsOnlyOnRelease) {
  SpscQueue<int> queue(2);
  ASSERT_TRUE(queue.try_push(1));
  ASSERT_TRUE(queue.try_push(2));
  queue.publish();
  ASSERT_NE(queue.front(), nullptr);
  queue.pop();
  EXPECT_FALSE(queue.try_push(3));
  EXPECT_EQ(queue.size_approx(), 2u);
  queue.release();
  EXPECT_EQ(queue.size_approx(), 1u);
  EXPECT_TRUE(queue.try_push(3));
}

TEST(SpscQueue, DestroysWhatIsLeftStagedOrPublished) {
  auto item = std::make_shared<int>(0);
  {
    SpscQueue<std::shared_ptr<int>> queue(4);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(queue.try_push(std::shared_ptr<int>(item)));
    queue.publish();
    ASSERT_NE(queue.front(), nullptr);
    queue.pop();
    ASSERT_TRUE(queue.try_push(std::shared_ptr<int>(item)));
    EXPECT_EQ(item.use_count(), 4);
  }
  EXPECT_EQ(item.use_count(), 1);
}

TEST(SpscQueue, TellsTheConsumerOnceThatTheProducerWaitsForRoom) {
  SpscQueue<int> queue(2);
  ASSERT_TRUE(queue.try_push(1));
  ASSERT_TRUE(queue.try_push(2));
  EXPECT_FALSE(queue.want_room()) << "and it has published what was staged";
  ASSERT_NE(queue.front(), nullptr);
  queue.pop();
  EXPECT_TRUE(queue.release());
  ASSERT_NE(queue.front(), nullptr);
  queue.pop();
  EXPECT_FALSE(queue.release());
  EXPECT_TRUE(queue.want_room());
  EXPECT_TRUE(queue.try_push(3));
  queue.publish();
  ASSERT_NE(queue.front(), nullptr);
  queue.pop();
  EXPECT_FALSE(queue.release()) << "there was room, so nobody waits";
}

TEST(SpscQueueDeathTest, WantsACapacityThatIsAPowerOfTwo) { EXPECT_DEATH(SpscQueue<int>(3), "capacity 3"); }

// A million items in batches through a small queue; either side waits with the sleep protocol, as shards do.
TEST(SpscQueue, CarriesAMillionItemsBetweenTwoThreadsInOrder) {
  constexpr std::uint64_t count = 1'000'000;
  SpscQueue<std::unique_ptr<std::uint64_t>> queue(256);
  SleepFlag consumer_sleeps;
  std::counting_semaphore<> consumer_wakes(0);
  std::counting_semaphore<> producer_wakes(0);

  std::thread producer([&] {
    const auto show = [&] {
      queue.publish();
      if (consumer_sleeps.must_wake()) consumer_wakes.release();
    };
    for (std::uint64_t i = 0; i < count; ++i) {
      auto item = std::make_unique<std::uint64_t>(i);
      while (!queue.try_push(std::move(item))) {
        show();
        if (!queue.want_room()) producer_wakes.acquire();
      }
      if (i % 7 == 0) show();
    }
    show();
  });

  std::uint64_t next = 0;
  bool in_order = true;
  while (next < count) {
    while (auto* item = queue.front()) {
      in_order = in_order && **item == next;
      ++next;
      queue.pop();
      if (next % 16 == 0 && queue.release()) producer_wakes.release();
    }
    if (queue.release()) producer_wakes.release();
    EXPECT_LE(queue.size_approx(), queue.capacity());
    consumer_sleeps.prepare_sleep();
    if (next < count && queue.front() == nullptr) consumer_wakes.acquire();
    consumer_sleeps.awake();
  }
  producer.join();
  EXPECT_TRUE(in_order);
  EXPECT_EQ(queue.front(), nullptr);
}

TEST(SleepFlag, GivesTheWakeUpToOneProducerOnly) {
  SleepFlag flag;
  EXPECT_FALSE(flag.must_wake());
  flag.prepare_sleep();
  EXPECT_TRUE(flag.sleeping());
  EXPECT_TRUE(flag.must_wake());
  EXPECT_FALSE(flag.must_wake());
  flag.prepare_sleep();
  flag.awake();
  EXPECT_FALSE(flag.must_wake());
}

// One of two threads that throw a ball to each other, and sleep whenever they do not have it.
struct Player {
  SpscQueue<int> in{4};
  SleepFlag sleeps;
  std::counting_semaphore<> kernel{0};

  void play(Player& other, int last) {
    for (;;) {
      if (const int* ball = in.front()) {
        const int turn = *ball;
        in.pop();
        in.release();
        if (turn <= last) {
          if (!other.in.try_push(turn + 1)) std::abort();
          other.in.publish();
          if (other.sleeps.must_wake()) other.kernel.release();
        }
        if (turn >= last) return;
        continue;
      }
      sleeps.prepare_sleep();
      if (in.front() == nullptr) kernel.acquire();
      sleeps.awake();
    }
  }
};

// A single lost wake-up would leave both asleep for ever, and the test would run into its time limit.
TEST(SleepFlag, NeverLosesAWakeUp) {
  constexpr int last = 100'000;
  Player left;
  Player right;
  ASSERT_TRUE(left.in.try_push(0));
  left.in.publish();
  std::thread thread([&] { right.play(left, last); });
  left.play(right, last);
  thread.join();
}

// Several producers wake one consumer; each has a queue of its own.
TEST(SleepFlag, ServesManyProducers) {
  constexpr int producer_count = 3;
  constexpr int items_each = 50'000;
  std::vector<std::unique_ptr<SpscQueue<int>>> queues;
  for (int i = 0; i < producer_count; ++i) queues.push_back(std::make_unique<SpscQueue<int>>(1 << 16));
  SleepFlag sleeps;
  std::counting_semaphore<> kernel(0);
  std::vector<std::thread> producers;
  for (auto& queue : queues) {
    producers.emplace_back([&queue, &sleeps, &kernel] {
      for (int i = 0; i < items_each; ++i) {
        if (!queue->try_push(int{i})) std::abort();
        queue->publish();
        if (sleeps.must_wake()) kernel.release();
      }
    });
  }
  int received = 0;
  const auto drain = [&] {
    const int before = received;
    for (auto& queue : queues) {
      for (; queue->front() != nullptr; ++received) queue->pop();
      queue->release();
    }
    return received != before;
  };
  while (received < producer_count * items_each) {
    if (drain()) continue;
    sleeps.prepare_sleep();
    if (!drain()) kernel.acquire();
    sleeps.awake();
  }
  for (auto& thread : producers) thread.join();
  EXPECT_EQ(received, producer_count * items_each);
}

}  // namespace
}  // namespace broker::base
