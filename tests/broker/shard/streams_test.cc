// SPDX-License-Identifier: Apache-2.0
// Streams over several topics, from publishers on any shard to sockets on any other: one order, and places in it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stream_sockets.h"

namespace broker::shard {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

using Streams = StreamsOfShards;

TEST_P(Streams, GiveSeveralTopicsOneOrder) {
  std::vector<Socket*> all;
  for (std::size_t i = 0; i < 6; ++i) all.push_back(&connected(i, std::to_string(i), i % 2 == 0 ? websocket : polling));
  std::mt19937 random(1);
  const char* const topics[] = {"a", "b", "c", "$events", "elsewhere"};
  std::uint64_t expected = 0;
  for (int i = 0; i < 400; ++i) {
    const char* topic = topics[random() % 5];
    if (topic != topics[4]) ++expected;
    all[random() % 6]->publish(topic, topic == topics[4] ? "wrong" : std::to_string(i));
    if (random() % 5 == 0) shards[random() % GetParam()].turn();
  }
  shards.settle();
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(all[i]->heard, all[i % 2]->heard);
  std::string_view rest = all[0]->heard;
  std::uint64_t offset = 0;
  while (!rest.empty()) {
    ASSERT_TRUE(rest.starts_with(std::to_string(++offset) + "=")) << offset;
    rest.remove_prefix(rest.find(';') + 1);
  }
  EXPECT_EQ(offset, expected);
}

TEST_P(Streams, EncodeOnceAndShareARunOfATurn) {
  Socket& one = connected(0, "1");
  Socket& two = connected(0, "2");
  encoded = 0;
  for (const char* topic : {"a", "b", "c"}) one.publish(topic, topic);
  shards.settle();
  EXPECT_EQ(encoded, 3);
  ASSERT_THAT(one.runs, SizeIs(1));
  EXPECT_EQ(&*one.runs[0], &*two.runs[0]);
  EXPECT_EQ(one.runs[0]->first_offset, 1u);
  EXPECT_EQ(one.runs[0]->messages, 3u);
}

// A topic of the stream still is a topic.
TEST_P(Streams, StandBesideTheirTopicsOwnSubscribers) {
  Socket& socket_ = connected(0, "1");
  Socket& other = socket(1, "2");
  other.subscription = &other.shard.router.subscribe(other, "b", websocket, 0);
  (void)other.shard.router.read_for(*other.subscription, other.id, {}, 0);
  shards.settle();
  socket_.publish("a", "x");
  socket_.publish("b", "y");
  socket_.publish("b", "z", "+nobody");
  shards.settle();
  EXPECT_EQ(socket_.heard, "1=x;2=y;");
  EXPECT_EQ(other.heard, "2=y;3=z;");
  ASSERT_THAT(other.runs, SizeIs(1));
  EXPECT_EQ(other.runs[0]->first_offset, 1u) << "its own offsets";
  EXPECT_THAT(socket_.acknowledged, ElementsAre(1, 1, 2));
}

TEST_P(Streams, ReplayWhatWasForTheSocket) {
  Socket& publisher = connected(0, "1");
  Socket& before = connected(1, "back");
  before.join("r");
  shards.settle();
  before.disconnect();
  publisher.publish("a", "a");
  publisher.publish("$room/r", "b");
  publisher.publish("$room/s", "c");
  publisher.publish("b", "d", "-@back");
  publisher.publish("$sid/back", "e");
  publisher.publish("$sid/another", "f");
  publisher.publish("c", "g");
  shards.settle();
  Socket& after = socket(2, "back");
  after.rooms = {"r"};
  after.connect({.from = topics::ReadFrom::From::after, .epoch = before.epoch, .value = 0});
  publisher.publish("$room/r", "h");
  shards.settle();
  EXPECT_TRUE(after.recovered);
  EXPECT_EQ(after.heard, "1=a;2=b;5=e;7=g;8=h;");
}

TEST_P(Streams, AreNotRecoveredOverAHole) {
  Socket& publisher = connected(0, "1");
  publisher.publish("b", "first");
  for (int i = 0; i < 101; ++i) publisher.publish("a", "x");
  shards.settle();
  const auto comes_back = [&](std::uint64_t offset) {
    Socket& one = socket(1, "2");
    one.connect({.from = topics::ReadFrom::From::after, .epoch = publisher.epoch, .value = offset});
    shards.settle();
    return one.recovered;
  };
  EXPECT_FALSE(comes_back(0)) << "the first is in its topic's log still, and one behind it is not";
  EXPECT_FALSE(comes_back(1));
  EXPECT_TRUE(comes_back(2));
  EXPECT_TRUE(comes_back(102));
  EXPECT_FALSE(comes_back(103));
}

// A socket that moves to another shard takes over there where it has left off here.
TEST_P(Streams, SayWhereASocketStands) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    Socket& publisher = connected(random(), "publisher");
    Socket* moving = &connected(random(), "moving");
    Socket& staying = connected(random(), "staying");
    moving->join("r");
    staying.join("r");
    std::string heard;
    for (int step = 0; step < 300; ++step) {
      const auto what = random() % 10;
      if (what < 3) {
        const char* const whom[] = {"", "+r", "+s", "-@publisher"};
        publisher.publish(random() % 2 == 0 ? "a" : "b", std::to_string(step), whom[random() % 4]);
      } else if (what == 3 && moving->subscription->live) {
        const std::uint64_t position = moving->shard.router.position(*moving->subscription).offset;
        heard += moving->heard;
        moving->disconnect();
        Socket& next = socket(random(), "moving");
        next.rooms = {"r"};
        next.connect({.from = topics::ReadFrom::From::after, .epoch = publisher.epoch, .value = position});
        moving = &next;
      } else {
        shards[random() % GetParam()].turn();
      }
    }
    shards.settle();
    EXPECT_EQ(heard + moving->heard, staying.heard);
    for (Socket* each : {&publisher, moving, &staying}) each->disconnect();
    shards.settle();
  }
}

TEST_P(Streams, LeaveAShardWithTheLastSocketThere) {
  const std::size_t home = shards.home_of("$stream");
  Socket& publisher = socket(home, "publisher");
  Socket& one = connected(home + 1, "1");
  Socket& two = connected(home + 1, "2");
  one.disconnect();
  shards.settle();
  publisher.publish("a", "a");
  shards.settle();
  two.disconnect();
  shards.settle();
  publisher.publish("a", "b");
  for (int i = 0; i < 3; ++i) shards[home].turn();
  EXPECT_THAT(publisher.acknowledged, ElementsAre(1, 2));
  if (GetParam() > 1) {
    EXPECT_FALSE(one.shard.post.anything_waiting(true));
  }
  two.connect();
  shards.settle();
  publisher.publish("b", "c");
  shards.settle();
  EXPECT_EQ(one.heard, "");
  EXPECT_EQ(two.heard, "1=a;3=c;");
}

TEST_P(Streams, TakeNoMessageOfTheirOwn) {
  Socket& one = connected(0, "1");
  one.publish("$stream", "x");
  shards.settle();
  EXPECT_EQ(one.heard, "");
  EXPECT_THAT(one.acknowledged, IsEmpty());
  EXPECT_THAT(one.refused, ElementsAre(proto::Reason::policy_violation));
}

INSTANTIATE_TEST_SUITE_P(Shards, Streams, testing::Values(ShardIndex{1}, ShardIndex{3}));

}  // namespace
}  // namespace broker::shard
