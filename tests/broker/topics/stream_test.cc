// SPDX-License-Identifier: Apache-2.0
// Streams over the topics of a home, and what is left of them when the topics' logs lose something.
#include "broker/topics/stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <random>

#include "broker/topics/home_topics.h"

namespace broker::topics {
namespace {

using namespace std::chrono_literals;
using From = ReadFrom::From;
using testing::ElementsAre;
using testing::IsEmpty;

class Streams : public testing::Test {
 protected:
  explicit Streams(const LogLimits& limits = {100, 5min, 1 << 20}) : topics(limits, 1, groups) {}

  // Published as a home does it. Returns its offset in the stream.
  std::uint64_t publish(std::string_view name, std::size_t content_bytes = 1) {
    Topic& topic = *topics.find_or_make(name, now);
    MessageRef message(Message::make({.topic = name, .content = std::string(content_bytes, 'x')}, ns(), owner));
    message->epoch = topic.epoch();
    message->offset = topic.take_next_offset();
    if (topic.stream() != nullptr) topic.stream()->place(*message);
    const std::uint64_t offset = message->stream_offset;
    topics.append_to_log(topic, std::move(message), now);
    return offset;
  }
  Stream& stream(std::string_view name = "$") { return *topics.find_or_make_stream(name); }
  std::vector<std::string> logged() {
    std::vector<std::string> all;
    for (std::uint64_t offset = stream().first_logged(); offset <= stream().offset(); ++offset) {
      const Message& message = stream().logged(offset);
      EXPECT_EQ(message.stream_offset, offset);
      EXPECT_EQ(message.stream_epoch, stream().epoch());
      all.push_back(std::string(message.topic()) + "=" + std::to_string(message.offset));
    }
    EXPECT_EQ(all.size(), stream().log_size());
    return all;
  }
  bool recovers(std::uint64_t after) {
    return HomeTopics::plan(stream(), {From::after, stream().epoch(), after}).recovered;
  }
  void pass(std::chrono::seconds time) {
    now += time;
    topics.sweep(now);
  }
  [[nodiscard]] std::int64_t ns() const { return std::chrono::nanoseconds(now.time_since_epoch()).count(); }

  const Groups groups{{{.stream = "$", .topics = {"a", "b", "c"}, .prefixes = {"$room/"}},
                       {.stream = "nsp/$", .topics = {}, .prefixes = {"nsp/"}}}};
  TimePoint now{1000h};
  ReturnStack owner;
  HomeTopics topics;
};

TEST_F(Streams, AreOverAllTopicsOfTheirGroupAndNoOthers) {
  EXPECT_EQ(publish("a"), 1u);
  EXPECT_EQ(publish("b"), 2u);
  EXPECT_EQ(publish("other"), 0u);
  EXPECT_EQ(publish("nsp/a"), 1u);
  EXPECT_EQ(publish("a"), 3u);
  EXPECT_EQ(publish("$room/r"), 4u);
  EXPECT_THAT(logged(), ElementsAre("a=1", "b=1", "a=2", "$room/r=1"));
  EXPECT_EQ(stream("nsp/$").offset(), 1u);
  EXPECT_NE(stream("nsp/$").epoch(), stream().epoch());
  EXPECT_EQ(topics.find("other")->stream(), nullptr);
}

TEST_F(Streams, AreNoTopics) {
  EXPECT_EQ(topics.find_or_make("$", now), nullptr);
  EXPECT_EQ(topics.find_or_make_stream("a"), nullptr);
  EXPECT_EQ(topics.find_or_make_stream("other"), nullptr);
  EXPECT_TRUE(topics.is_stream("nsp/$"));
  EXPECT_EQ(&stream(), &stream());
  EXPECT_EQ(topics.size(), 0u);
}

TEST_F(Streams, PlanAReadAsATopicDoes) {
  for (const char* topic : {"a", "b", "a"}) publish(topic);
  EXPECT_EQ(HomeTopics::plan(stream(), {}).first, 4u);
  EXPECT_EQ(HomeTopics::plan(stream(), {From::last, {}, 2}).first, 2u);
  const ReadPlan after = HomeTopics::plan(stream(), {From::after, stream().epoch(), 1});
  EXPECT_EQ(after.first, 2u);
  EXPECT_TRUE(after.recovered);
  EXPECT_TRUE(HomeTopics::plan(stream(), {From::after, topics.find("a")->epoch(), 1}).other_epoch);
  EXPECT_FALSE(recovers(4)) << "beyond the newest";
}

TEST_F(Streams, OutliveTheirTopics) {
  publish("a");
  pass(10min);  // its log runs empty
  pass(1h);
  ASSERT_EQ(topics.size(), 0u) << "it is forgotten";
  EXPECT_EQ(publish("a"), 2u);
  EXPECT_THAT(logged(), ElementsAre("a=1"));
  EXPECT_TRUE(recovers(1));
  EXPECT_FALSE(recovers(0));
}

class ShortLogs : public Streams {
 protected:
  ShortLogs() : Streams({2, 5min, 1 << 20}) {}
};

TEST_F(ShortLogs, LoseWhatIsOlderThanAHole) {
  for (const char* topic : {"a", "b", "b", "a", "c"}) publish(topic);
  EXPECT_THAT(logged(), ElementsAre("a=1", "b=1", "b=2", "a=2", "c=1"));
  EXPECT_TRUE(recovers(0));
  publish("b");  // the first of b leaves its log
  EXPECT_THAT(logged(), ElementsAre("b=2", "a=2", "c=1", "b=3"));
  EXPECT_FALSE(recovers(1));
  EXPECT_TRUE(recovers(2));
  EXPECT_EQ(topics.find("a")->log_size(), 2u) << "the topic has kept its own";
  publish("a");  // the first of a leaves: the stream has lost it before
  EXPECT_THAT(logged(), ElementsAre("b=2", "a=2", "c=1", "b=3", "a=3"));
  publish("a");
  EXPECT_THAT(logged(), ElementsAre("c=1", "b=3", "a=3", "a=4"));
  EXPECT_TRUE(recovers(4));
  EXPECT_FALSE(recovers(3));
}

TEST_F(Streams, LoseWhatExpires) {
  publish("a");
  publish("b");
  pass(200s);
  publish("a");
  pass(200s);
  EXPECT_THAT(logged(), ElementsAre("a=2"));
  pass(200s);
  EXPECT_THAT(logged(), IsEmpty());
  EXPECT_EQ(stream().offset(), 3u);
  EXPECT_TRUE(recovers(3));
  EXPECT_FALSE(recovers(2));
}

class SmallLogs : public Streams {
 protected:
  SmallLogs() : Streams({100, 5min, 10'000}) {}
};

TEST_F(SmallLogs, LoseWhatThereIsNoRoomFor) {
  publish("a", 4000);
  publish("b", 4000);
  publish("other", 4000);
  EXPECT_THAT(logged(), ElementsAre("b=1")) << "a topic of nobody's has pushed it out";
  EXPECT_EQ(publish("c", 20'000), 3u);
  EXPECT_THAT(logged(), IsEmpty()) << "a message that no log holds";
  EXPECT_TRUE(recovers(3));
  EXPECT_FALSE(recovers(2));
  publish("a");
  EXPECT_THAT(logged(), ElementsAre("a=2"));
}

TEST_F(Streams, LoseWhatALowerLimitTakes) {
  publish("a", 4000);
  publish("b", 4000);
  topics.set_log_limits({100, 5min, 5000}, now);
  EXPECT_THAT(logged(), ElementsAre("b=1"));
  topics.set_log_limits({100, 5min, 0}, now);
  EXPECT_THAT(logged(), IsEmpty());
  publish("a");
  EXPECT_THAT(logged(), IsEmpty());
  EXPECT_TRUE(recovers(3));
}

// Whatever the limits do, the stream holds a stretch without holes that ends with the newest, and nothing that is gone.
TEST(StreamsAtRandom, NeverHaveAHole) {
  for (unsigned seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const Groups groups{{{.stream = "$", .topics = {"a", "b", "c"}, .prefixes = {}}}};
    ReturnStack owner;
    HomeTopics topics({1 + random() % 20, 60s, 2000 + random() % 20'000}, seed, groups);
    Stream& stream = *topics.find_or_make_stream("$");
    TimePoint now{1000h};
    for (int step = 0; step < 1000; ++step) {
      const auto what = random() % 20;
      if (what == 0) {
        now += std::chrono::seconds(random() % 40);
        topics.sweep(now);
      } else if (what == 1) {
        topics.set_log_limits({random() % 20, 60s, 2000 + random() % 20'000}, now);
      } else {
        const char* const names[] = {"a", "b", "c", "other"};
        Topic& topic = *topics.find_or_make(std::string_view(names[random() % 4]), now);
        const std::string content(random() % 30 == 0 ? 30'000 : random() % 800, 'x');
        MessageRef message(Message::make({.topic = topic.name(), .content = content},
                                         std::chrono::nanoseconds(now.time_since_epoch()).count(), owner));
        message->offset = topic.take_next_offset();
        if (topic.stream() != nullptr) topic.stream()->place(*message);
        topics.append_to_log(topic, std::move(message), now);
      }
      owner.free_all();
      ASSERT_EQ(stream.first_logged() + stream.log_size(), stream.offset() + 1);
      for (std::uint64_t offset = stream.first_logged(); offset <= stream.offset(); ++offset) {
        const Message& message = stream.logged(offset);
        ASSERT_EQ(message.stream_offset, offset);
        const Topic& topic = *topics.find(message.name());
        ASSERT_EQ(&topic.logged(message.offset), &message);
      }
    }
  }
}

}  // namespace
}  // namespace broker::topics
