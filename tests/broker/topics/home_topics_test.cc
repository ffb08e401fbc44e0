// SPDX-License-Identifier: Apache-2.0
#include "broker/topics/home_topics.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace broker::topics {
namespace {

using namespace std::chrono_literals;
using From = ReadFrom::From;
namespace limits = config::limits;

constexpr LogLimits generous{100, 5min, 1 << 20};
const Groups no_groups;

void publish(HomeTopics& topics, Topic& topic, ReturnStack& owner, std::int64_t time_us = 0, TimePoint now = {},
             std::size_t content_bytes = 1) {
  MessageRef message(
      Message::make({.topic = topic.name(), .event = {}, .content = std::string(content_bytes, 'x')}, 0, owner));
  message->epoch = topic.epoch();
  message->offset = topic.take_next_offset();
  message->accepted_ns = 1000 * time_us;
  topics.append_to_log(topic, std::move(message), now);
}

// ---- where a read begins

struct PlanCase {
  const char* what;
  std::uint64_t published;
  std::uint64_t kept;  // of them
  ReadFrom from;       // an epoch of 0 stands for the topic's own
  std::uint64_t first;
  bool recovered = true;
  bool other_epoch = false;
  std::uint64_t missed_from = 0;
  std::uint64_t missed_to = 0;
};

ReadFrom after(std::uint64_t offset) { return {From::after, std::nullopt, offset}; }
ReadFrom after(std::uint64_t epoch, std::uint64_t offset) { return {From::after, epoch, offset}; }
ReadFrom last(std::uint64_t count) { return {From::last, std::nullopt, count}; }

TEST(Plan, SaysWhereAReadBegins) {
  constexpr std::uint64_t most = ~std::uint64_t{0};
  const PlanCase cases[] = {
      {"now, of a fresh topic", 0, 0, {}, 1},
      {"now", 10, 5, {}, 11},
      {"the last none", 10, 5, last(0), 11},
      {"the last one", 10, 5, last(1), 10},
      {"the last few", 10, 5, last(4), 7},
      {"the last, all that is kept", 10, 5, last(5), 6},
      {"the last, more than is kept", 10, 5, last(6), 6},
      {"the last of a fresh topic", 0, 0, last(3), 1},
      {"the last of a topic whose log ran empty", 10, 0, last(3), 11},
      {"the last, as many as can be asked for", 10, 5, last(most), 6},
      {"after the newest", 10, 5, after(10), 11},
      {"after the newest but one", 10, 5, after(9), 10},
      {"after the one before the oldest kept", 10, 5, after(5), 6},
      {"after an older one", 10, 5, after(4), 6, false, false, 5, 5},
      {"after the beginning, most is gone", 10, 5, after(0), 6, false, false, 1, 5},
      {"after the beginning, nothing is gone", 5, 5, after(0), 1},
      {"after the beginning of a fresh topic", 0, 0, after(0), 1},
      {"after the newest of a log that ran empty", 10, 0, after(10), 11},
      {"after one that has gone with all behind it", 10, 0, after(7), 11, false, false, 8, 10},
      {"beyond the newest", 10, 5, after(11), 6, false, true},
      {"far beyond the newest", 10, 5, after(most), 6, false, true},
      {"beyond the newest of a fresh topic", 0, 0, after(1), 1, false, true},
      {"its own epoch", 10, 5, after(0, 7), 8},
      {"its own epoch, gone", 10, 5, after(0, 2), 6, false, false, 3, 5},
      {"its own epoch, beyond the newest", 10, 5, after(0, 11), 6, false, true},
      {"another epoch", 10, 5, after(1, 7), 6, false, true},
      {"another epoch, of a fresh topic", 0, 0, after(1, 0), 1, false, true},
  };
  for (const PlanCase& each : cases) {
    SCOPED_TRACE(each.what);
    ReturnStack owner;
    HomeTopics topics({each.kept, 5min, 1 << 20}, 1, no_groups);
    Topic& topic = *topics.find_or_make("t", {});
    for (std::uint64_t i = 0; i < each.published; ++i) publish(topics, topic, owner);
    ASSERT_EQ(topic.log_size(), each.kept);
    ReadFrom from = each.from;
    if (from.epoch == 0) from.epoch = topic.epoch();
    const ReadPlan plan = HomeTopics::plan(topic, from);
    EXPECT_EQ(plan.first, each.first);
    EXPECT_EQ(plan.recovered, each.recovered);
    EXPECT_EQ(plan.other_epoch, each.other_epoch);
    EXPECT_EQ(plan.missed_from, each.missed_from);
    EXPECT_EQ(plan.missed_to, each.missed_to);
  }
}

// ---- lives of topics

class Lives : public testing::Test {
 protected:
  Topic& make(std::string_view name) { return *topics.find_or_make(name, now); }
  void publish_to(Topic& topic) { publish(topics, topic, owner, us(), now); }
  [[nodiscard]] std::int64_t us() const {
    return std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
  }
  void pass(std::chrono::seconds time) {
    now += time;
    topics.sweep(now);
  }

  TimePoint now{1000h};
  ReturnStack owner;
  HomeTopics topics{generous, 1, no_groups};
};

TEST_F(Lives, AreFoundByName) {
  Topic& made = make("a topic");
  EXPECT_EQ(&make("a topic"), &made);
  EXPECT_EQ(topics.find("a topic"), &made);
  EXPECT_EQ(topics.find("another"), nullptr);
  EXPECT_EQ(topics.size(), 1u);
}

TEST_F(Lives, HaveEpochsOfTheirOwn) {
  std::set<std::uint64_t> epochs;
  for (int i = 0; i < 1000; ++i) epochs.insert(make(std::to_string(i)).epoch());
  EXPECT_EQ(epochs.size(), 1000u);
  HomeTopics another(generous, 2, no_groups);
  EXPECT_FALSE(epochs.contains(another.find_or_make("0", now)->epoch()));
}

TEST_F(Lives, KeepEpochAndOffsetForAnHourAfterTheyAreLetGo) {
  Topic& topic = make("t");
  const std::uint64_t epoch = topic.epoch();
  topics.add_shard(topic, 3);
  publish_to(topic);
  pass(5min + 1s);
  EXPECT_EQ(topic.log_size(), 0u);
  pass(24h);
  ASSERT_EQ(topics.find("t"), &topic) << "a shard holds it";
  topics.remove_shard(topic, 3, now);
  pass(limits::idle_topic_age - 1s);
  ASSERT_EQ(topics.find("t"), &topic);
  EXPECT_EQ(topic.epoch(), epoch);
  EXPECT_EQ(topic.offset(), 1u);
  EXPECT_EQ(topics.next_sweep(now), 1s);
  pass(1s);
  EXPECT_EQ(topics.find("t"), nullptr);
  EXPECT_EQ(topics.next_sweep(now), std::nullopt) << "time will change nothing";
  EXPECT_NE(make("t").epoch(), epoch) << "a new life";
}

TEST_F(Lives, BeginTheHourWhenTheLogRunsEmpty) {
  Topic& topic = make("t");
  publish_to(topic);
  pass(4min);
  EXPECT_EQ(topic.log_size(), 1u);
  pass(2min);
  EXPECT_EQ(topic.log_size(), 0u);
  pass(59min);
  EXPECT_NE(topics.find("t"), nullptr);
  pass(1min);
  EXPECT_EQ(topics.find("t"), nullptr);
}

TEST_F(Lives, BeginTheHourAnewEachTimeTheyAreLetGo) {
  Topic& topic = make("t");
  pass(59min);
  topics.add_shard(topic, 0);
  topics.add_shard(topic, 1);
  topics.remove_shard(topic, 0, now);
  pass(24h);
  topics.remove_shard(topic, 1, now);
  topics.remove_shard(topic, 1, now);
  pass(59min);
  EXPECT_NE(topics.find("t"), nullptr);
  pass(1min);
  EXPECT_EQ(topics.find("t"), nullptr);
}

// An idle shard sleeps: it must know until when.
TEST_F(Lives, KnowWhenTimeWillChangeSomething) {
  EXPECT_EQ(topics.next_sweep(now), std::nullopt);
  Topic& topic = make("t");
  topics.add_shard(topic, 0);
  EXPECT_EQ(topics.next_sweep(now), std::nullopt) << "it is held, and its log is empty";
  publish_to(topic);
  now += 1min;
  publish_to(topic);
  for (const std::size_t left : {1u, 0u}) {
    const auto next = topics.next_sweep(now);
    ASSERT_TRUE(next.has_value());
    now += *next - 1us;
    topics.sweep(now);
    EXPECT_EQ(topic.log_size(), left + 1) << "no earlier";
    now += 1us;
    topics.sweep(now);
    EXPECT_EQ(topic.log_size(), left) << "and no later";
  }
  EXPECT_EQ(topics.next_sweep(now), std::nullopt);
}

TEST_F(Lives, EndInTheOrderInWhichTheyWereLetGo) {
  for (const char* name : {"a", "b", "c", "d"}) {
    make(name);
    now += 1min;
  }
  topics.add_shard(make("b"), 0);  // out of the middle
  topics.add_shard(make("d"), 0);  // and the newest
  topics.remove_shard(make("b"), 0, now);
  pass(56min);
  EXPECT_EQ(topics.find("a"), nullptr);
  EXPECT_NE(topics.find("c"), nullptr);
  pass(2min);
  EXPECT_EQ(topics.find("c"), nullptr);
  EXPECT_NE(topics.find("b"), nullptr);
  pass(2min);
  EXPECT_EQ(topics.find("b"), nullptr);
  EXPECT_NE(topics.find("d"), nullptr);
}

TEST_F(Lives, OfNobodyAreBoundedAndTheLongestIdleGoFirst) {
  for (std::size_t i = 0; i < limits::idle_topics_max; ++i) make("i" + std::to_string(i));
  Topic& held = make("i1");
  topics.add_shard(held, 0);
  make("one more");
  EXPECT_NE(topics.find("i0"), nullptr) << "the held one made room";
  make("another");
  EXPECT_EQ(topics.find("i0"), nullptr);
  EXPECT_EQ(topics.find("i1"), &held);
  EXPECT_NE(topics.find("i2"), nullptr);
  EXPECT_NE(topics.find("another"), nullptr);
  EXPECT_EQ(topics.size(), limits::idle_topics_max + 1);
}

// What is appended pushes another topic's last message out of the logs; that one goes to the idle topics, which are as
// many as may be, of which the one appended to was the oldest.
TEST_F(Lives, OfATopicThatIsJustPublishedToDoNotEndForWhatThatPushesOut) {
  const std::size_t content_bytes = 1000;
  HomeTopics small({100, 5min, sizeof(Message) + content_bytes + 300}, 1, no_groups);
  Topic& target = *small.find_or_make("target", now);
  Topic& loser = *small.find_or_make("loser", now);
  publish(small, loser, owner, us(), now, content_bytes);
  for (std::size_t i = 0; i + 1 < limits::idle_topics_max; ++i) (void)small.find_or_make("i" + std::to_string(i), now);
  publish(small, target, owner, us(), now, content_bytes);
  EXPECT_EQ(small.find("target"), &target);
  EXPECT_EQ(target.log_size(), 1u);
  EXPECT_EQ(loser.log_size(), 0u);
}

TEST_F(Lives, WithoutALogGoOnFromTheirOffset) {
  HomeTopics none({0, 5min, 1 << 20}, 1, no_groups);
  Topic& topic = *none.find_or_make("t", now);
  publish(none, topic, owner, us(), now);
  publish(none, topic, owner, us(), now);
  EXPECT_EQ(topic.offset(), 2u);
  EXPECT_EQ(none.log_bytes(), 0u);
  none.sweep(now + 59min);
  EXPECT_EQ(none.find("t"), &topic);
  none.sweep(now + 1h);
  EXPECT_EQ(none.find("t"), nullptr);
}

// ---- where topics live

TEST(HomeOf, IsTheSameInEveryBuild) {
  // Other nodes, and other versions of this one, must agree: these do not change.
  struct {
    const char* group;
    std::size_t of[4];
  } const vectors[] = {
      {"", {0, 1, 9, 153}},      {"chat message", {0, 0, 4, 20}}, {"a", {0, 1, 11, 91}},
      {"rooms/1", {0, 0, 2, 2}}, {"\xc3\xbc", {0, 1, 13, 61}},
  };
  const std::size_t shards[] = {1, 2, 16, 256};
  for (const auto& vector : vectors) {
    for (int i = 0; i < 4; ++i)
      EXPECT_EQ(home_of(vector.group, shards[i]), vector.of[i]) << vector.group << " " << shards[i];
  }
}

TEST(HomeOf, SpreadsTopicsEvenly) {
  std::size_t count[8] = {};
  for (int i = 0; i < 8000; ++i) ++count[home_of("rooms/" + std::to_string(i), 8)];
  for (const std::size_t each : count) EXPECT_NEAR(static_cast<double>(each), 1000, 150);
}

// ---- how many there may be

TEST(TopicsMax, TheLongestIdleMakesRoomAndOthersDoNot) {
  const TimePoint now{1000h};
  ReturnStack owner;
  HomeTopics topics{generous, 1, no_groups, 3};
  Topic* held = topics.find_or_make("held", now);
  topics.add_shard(*held, 0);
  Topic* logged = topics.find_or_make("logged", now);
  publish(topics, *logged, owner, 0, now);
  ASSERT_NE(topics.find_or_make("idle", now), nullptr);
  Topic* in_its_place = topics.find_or_make("one more", now);
  ASSERT_NE(in_its_place, nullptr);
  EXPECT_EQ(topics.find("idle"), nullptr);
  topics.add_shard(*in_its_place, 0);
  EXPECT_EQ(topics.find_or_make("too many", now), nullptr);
  EXPECT_EQ(topics.find_or_make("held", now), held) << "what there is stays";
  EXPECT_EQ(topics.size(), 3u);
  topics.remove_shard(*held, 0, now);
  EXPECT_NE(topics.find_or_make("room again", now), nullptr);
}

}  // namespace
}  // namespace broker::topics
