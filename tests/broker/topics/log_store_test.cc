// SPDX-License-Identifier: Apache-2.0
#include "broker/topics/log_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace broker::topics {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class Log : public testing::Test, public LogStore::Events {
 protected:
  ~Log() override {
    for (Topic* topic : {&a, &b}) store->clear(*topic);
  }
  void on_log_emptied(Topic& topic) override { emptied.push_back(topic.name()); }

  void limit(const LogLimits& limits) { store = std::make_unique<LogStore>(limits, *this); }
  std::size_t append(Topic& topic, std::int64_t time_us = 0, std::size_t content_bytes = 10) {
    MessageRef message(
        Message::make({.topic = topic.name(), .event = {}, .content = std::string(content_bytes, 'x')}, 0, owner));
    message->offset = topic.take_next_offset();
    message->accepted_ns = 1000 * time_us;
    const std::size_t bytes = message->memory_bytes();
    store->append(topic, std::move(message));
    return bytes;
  }
  static std::vector<std::uint64_t> offsets(const Topic& topic) {
    std::vector<std::uint64_t> all;
    for (std::uint64_t i = 0; i < topic.log_size(); ++i) all.push_back(topic.logged(topic.first_logged() + i).offset);
    return all;
  }

  ReturnStack owner;
  std::vector<std::string> emptied;
  Topic a{"a", 1};
  Topic b{"b", 2};
  std::unique_ptr<LogStore> store = std::make_unique<LogStore>(LogLimits{100, 5min, 1 << 20}, *this);
};

TEST_F(Log, IsEmptyToBeginWith) {
  EXPECT_TRUE(store->empty());
  EXPECT_EQ(a.log_size(), 0u);
  EXPECT_EQ(a.first_logged(), 1u);
}

TEST_F(Log, KeepsTheNewestOfEachTopic) {
  limit({3, 5min, 1 << 20});
  for (int i = 0; i < 5; ++i) append(a);
  append(b);
  EXPECT_THAT(offsets(a), ElementsAre(3, 4, 5));
  EXPECT_THAT(offsets(b), ElementsAre(1));
  EXPECT_EQ(a.first_logged(), 3u);
  EXPECT_THAT(emptied, IsEmpty());
}

TEST_F(Log, OfOneMessageATopicWorks) {
  limit({1, 5min, 1 << 20});
  for (int i = 0; i < 3; ++i) append(a);
  EXPECT_THAT(offsets(a), ElementsAre(3));
}

TEST_F(Log, OfNoMessagesKeepsNone) {
  limit({0, 5min, 1 << 20});
  append(a);
  EXPECT_EQ(a.log_size(), 0u);
  EXPECT_EQ(a.offset(), 1u);
  EXPECT_TRUE(store->empty());
}

TEST_F(Log, FollowsItsLimitsAsTheyChange) {
  for (int i = 0; i < 20; ++i) append(a, i);
  const std::size_t each = append(b, 20);
  store->set_limits({3, 5min, 1 << 20});
  EXPECT_EQ(a.log_size(), 20u) << "a log is shortened when it is appended to";
  append(a, 21);
  EXPECT_THAT(offsets(a), ElementsAre(19, 20, 21));
  store->set_limits({100, 5min, 2 * each});
  EXPECT_LE(store->bytes(), 2 * each) << "memory at once, the oldest first";
  EXPECT_THAT(offsets(a), ElementsAre(21));
  EXPECT_THAT(offsets(b), ElementsAre(1));
  store->set_limits({100, 10us, 1 << 20});
  store->expire(1000 * 31);
  EXPECT_THAT(offsets(b), IsEmpty());
  EXPECT_THAT(offsets(a), ElementsAre(21));
  for (int i = 0; i < 50; ++i) append(a, 31);
  EXPECT_EQ(a.log_size(), 51u) << "and it grows again";
}

TEST_F(Log, ForgetsWhatIsTooOldAndNoYounger) {
  limit({100, 10us, 1 << 20});
  append(a, 100);
  append(b, 105);
  append(a, 110);
  store->expire(1000 * 110);
  EXPECT_THAT(offsets(a), ElementsAre(1, 2)) << "it is exactly as old as allowed";
  store->expire(1000 * 111);
  EXPECT_THAT(offsets(a), ElementsAre(2));
  EXPECT_THAT(emptied, IsEmpty());
  store->expire(1000 * 116);
  EXPECT_THAT(emptied, ElementsAre("b"));
  store->expire(1000 * 1000);
  EXPECT_THAT(emptied, ElementsAre("b", "a"));
  EXPECT_TRUE(store->empty());
  EXPECT_EQ(store->bytes(), 0u);
  EXPECT_EQ(a.first_logged(), 3u);
  append(a, 1000);
  EXPECT_THAT(offsets(a), ElementsAre(3));
}

TEST_F(Log, HoldsItsCapOverAllTopicsAndLosesTheOldestOfAll) {
  const std::size_t each = append(a);
  store->clear(a);
  limit({100, 5min, 3 * each});
  append(a);
  append(b);
  append(b);
  EXPECT_EQ(store->bytes(), 3 * each);
  append(b);
  EXPECT_EQ(store->bytes(), 3 * each);
  EXPECT_EQ(a.log_size(), 0u);
  EXPECT_THAT(emptied, ElementsAre("a"));
  EXPECT_THAT(offsets(b), ElementsAre(1, 2, 3));
  append(a, 0, 10 + each);  // takes the place of two
  EXPECT_THAT(offsets(b), ElementsAre(3));
  EXPECT_THAT(offsets(a), ElementsAre(3));
}

TEST_F(Log, HasNoHoleWhereAMessageIsLargerThanAllLogs) {
  limit({100, 5min, 500});
  append(a);
  append(a, 0, 1000);
  EXPECT_THAT(offsets(a), IsEmpty());
  EXPECT_EQ(a.offset(), 2u);
  append(a);
  EXPECT_THAT(offsets(a), ElementsAre(3));
}

TEST_F(Log, ClearLetsGoOfOneTopic) {
  append(a);
  append(b);
  append(a);
  store->clear(a);
  EXPECT_THAT(offsets(a), IsEmpty());
  EXPECT_THAT(offsets(b), ElementsAre(1));
  EXPECT_THAT(emptied, IsEmpty()) << "who clears it knows";
}

// Against the plain reading of the rules: of each topic the newest, contiguous, by count, age and cap.
TEST_F(Log, AgreesWithTheRulesThroughRandomHistories) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    const LogLimits limits{1 + random() % 5, std::chrono::microseconds(20), 400 + random() % 2000};
    for (Topic* topic : {&a, &b}) store->clear(*topic);
    limit(limits);
    struct Kept {
      Topic* topic;
      std::uint64_t offset;
      std::int64_t time;
      std::size_t bytes;
    };
    std::vector<Kept> kept;
    const auto total = [&] {
      std::size_t bytes = 0;
      for (const Kept& each : kept) bytes += each.bytes;
      return bytes;
    };
    std::int64_t now = 0;
    for (int step = 0; step < 300; ++step) {
      now += random() % 8;
      if (random() % 4 == 0) {
        store->expire(1000 * now);
        std::erase_if(kept, [&](const Kept& each) { return now - each.time > 20; });
      } else {
        Topic& topic = random() % 2 == 0 ? a : b;
        const std::size_t bytes = append(topic, now, random() % 300);
        kept.push_back({&topic, topic.offset(), now, bytes});
        const auto of_topic = [&](const Kept& each) { return each.topic == &topic; };
        if (static_cast<std::size_t>(std::count_if(kept.begin(), kept.end(), of_topic)) > limits.messages) {
          kept.erase(std::find_if(kept.begin(), kept.end(), of_topic));
        }
        while (total() > limits.bytes) kept.erase(kept.begin());
      }
      for (Topic* topic : {&a, &b}) {
        std::vector<std::uint64_t> expected;
        for (const Kept& each : kept) {
          if (each.topic == topic) expected.push_back(each.offset);
        }
        ASSERT_EQ(offsets(*topic), expected) << "seed " << seed << " step " << step;
      }
      ASSERT_EQ(store->bytes(), total());
      ASSERT_EQ(store->empty(), kept.empty());
    }
  }
}

}  // namespace
}  // namespace broker::topics
