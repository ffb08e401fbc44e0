// SPDX-License-Identifier: Apache-2.0
// Messages of a stream reach those alone whom they are for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stream_sockets.h"

namespace broker::shard {
namespace {

using StreamAudiences = StreamsOfShards;

TEST_P(StreamAudiences, ReachThoseWhomAMessageIsFor) {
  // Each socket's name lists its rooms; they are on different shards, and of two formats.
  const char* const names[] = {"r", "s", "rs", "none", "rst"};
  std::vector<Socket*> all;
  for (std::size_t i = 0; i < 5; ++i) {
    Socket& one = connected(i, names[i], i % 3 == 0 ? polling : websocket);
    for (const char room : std::string_view(names[i])) {
      if (i != 3) one.join(std::string(1, room));
    }
    all.push_back(&one);
  }
  const struct {
    std::string_view to;
    std::vector<std::string_view> reached;
  } cases[] = {
      {"", {"r", "s", "rs", "none", "rst"}},
      {"+r", {"r", "rs", "rst"}},
      {"+r+s", {"r", "s", "rs", "rst"}},
      {"+r+r", {"r", "rs", "rst"}},
      {"+t", {"rst"}},
      {"+r-s", {"r"}},
      {"+r-@rs", {"r", "rst"}},
      {"-s+r", {"r"}},
      {"-s", {"r", "none"}},
      {"-r-s", {"none"}},
      {"-@none", {"r", "s", "rs", "rst"}},
      {"-@nobody", {"r", "s", "rs", "none", "rst"}},
      {"-empty", {"r", "s", "rs", "none", "rst"}},
      {"+@none", {"none"}},
      {"+@none+t", {"none", "rst"}},
      {"+@none-@none", {}},
      {"+@nobody", {}},
      {"+empty", {}},
      {"+r-r", {}},
      {"-r-s-@none", {}},
  };
  for (std::size_t from = 0; from < GetParam(); ++from) {
    for (const auto& each : cases) {
      SCOPED_TRACE(each.to);
      for (Socket* one : all) one->runs.clear();
      all[from]->publish("a", "x", each.to);
      shards.settle();
      for (std::size_t i = 0; i < 5; ++i) {
        const bool reached = std::ranges::find(each.reached, names[i]) != each.reached.end();
        EXPECT_EQ(all[i]->runs.size(), reached ? 1u : 0u) << names[i];
      }
    }
  }
}

TEST_P(StreamAudiences, KeepTheOrderOfWhatIsForAllAndWhatIsForSome) {
  Socket& one = connected(0, "1");
  Socket& two = connected(0, "2");
  Socket& other = connected(1, "3", polling);
  one.join("r");
  other.join("r");
  encoded = 0;
  one.publish("a", "a");
  one.publish("b", "b", "+r");
  one.publish("a", "c");
  one.publish("c", "d", "-@1");
  one.publish("a", "e", "+@2");
  one.publish("a", "f");
  shards.settle();
  EXPECT_EQ(one.heard, "1=a;2=b;3=c;6=f;");
  EXPECT_EQ(two.heard, "1=a;3=c;4=d;5=e;6=f;");
  EXPECT_EQ(other.heard, "p1=a;p2=b;p3=c;p4=d;p6=f;");
  EXPECT_EQ(encoded, 6 + 5) << "once for each format that somebody hears it in";
}

TEST_P(StreamAudiences, ShareARunWhileTheyAreTheSame) {
  Socket& one = connected(0, "1");
  Socket& two = connected(0, "2");
  Socket& other = connected(0, "3");
  one.join("r");
  two.join("r");
  for (const char* each : {"a", "b", "c"}) other.publish("a", each, "+r");
  for (const char* each : {"d", "e"}) other.publish("a", each, "+r-@1");
  other.publish("a", "f", "-@1");
  shards.settle();
  EXPECT_EQ(one.heard, "1=a;2=b;3=c;");
  EXPECT_EQ(two.heard, "1=a;2=b;3=c;4=d;5=e;6=f;");
  EXPECT_EQ(other.heard, "6=f;");
  EXPECT_EQ(one.runs.size(), 1u);
  EXPECT_EQ(two.runs.size(), 3u);
  ASSERT_FALSE(one.runs.empty());
  EXPECT_EQ(one.runs[0]->messages, 3u);
  EXPECT_EQ(one.runs[0]->first_offset, 1u);
}

// Between two messages to the same room, which would share a run.
TEST_P(StreamAudiences, AreThoseOfTheMomentWhoeverComesAndGoes) {
  OneShard& shard = shards[0];
  Socket& one = connected(0, "1");
  Socket& two = connected(0, "2");
  one.join("r");
  std::uint64_t offset = 0;
  const auto deliver = [&](const char* what) {  // as home does, in the middle of a turn
    topics::MessageRef message(topics::Message::make(
        {.topic = topics::Name("a"), .event = "", .content = what, .audience = audience("+r"), .kind = 0}, 0,
        shard.router.messages()));
    message->epoch = message->stream_epoch = one.subscription->topic->epoch;
    message->offset = message->stream_offset = ++offset;
    shard.router.on_mail({.type = DeliveryMail::Type::message,
                          .client = {},
                          .content_bytes = 0,
                          .tag = 0,
                          .published = {},
                          .message = std::move(message),
                          .page = {}});
  };
  deliver("a");
  two.join("r");
  deliver("b");
  one.part("r");
  deliver("c");
  one.join("r");
  deliver("d");
  deliver("e");
  two.disconnect();
  deliver("f");
  shard.router.fan_out();
  EXPECT_EQ(one.heard, "1=a;2=b;4=d;5=e;6=f;");
  EXPECT_EQ(two.heard, "2=b;3=c;") << "what waits for the turn's end is not for who has left";
  deliver("g");
  one.disconnect();
  shard.router.fan_out();
  EXPECT_EQ(one.heard, "1=a;2=b;4=d;5=e;6=f;");
}

TEST_P(StreamAudiences, ImplyByTheTopicWhomAMessageIsFor) {
  Socket& one = connected(0, "1");
  Socket& two = connected(1, "2");
  one.join("r");
  two.publish("$room/r", "to the room");
  two.publish("$sid/2", "to itself");
  two.publish("$room/r", "to all but one", "-@1");
  two.publish("$room/empty", "to nobody");
  two.publish("elsewhere/$room/r", "in no namespace");
  shards.settle();
  EXPECT_EQ(one.heard, "1=to the room;");
  EXPECT_EQ(two.heard, "2=to itself;3=to all but one;");
}

TEST_P(StreamAudiences, FollowWhoJoinsAndParts) {
  Socket& one = connected(0, "1");
  Socket& publisher = connected(1, "2");
  const auto say = [&](const char* what) {
    publisher.publish("$room/r", what);
    shards.settle();
  };
  say("a");
  one.join("r");
  one.join("r");
  EXPECT_TRUE(one.shard.router.is_member(*one.subscription, "$room/r"));
  say("b");
  one.part("r");
  one.part("r");
  EXPECT_FALSE(one.shard.router.is_member(*one.subscription, "$room/r"));
  say("c");
  one.join("r");
  one.disconnect();
  say("d");
  one.rooms.clear();
  one.connect();
  shards.settle();
  EXPECT_FALSE(one.shard.router.is_member(*one.subscription, "$room/r")) << "who comes back is in no room";
  say("e");
  EXPECT_EQ(one.heard, "2=b;");
}

TEST_P(StreamAudiences, GiveNothingToWhoStillWaits) {
  Socket& publisher = connected(0, "1");
  Socket& waiting = socket(0, "2");
  waiting.subscription = &waiting.shard.router.subscribe(waiting, "$stream", websocket, 0);
  waiting.join("r");
  publisher.publish("a", "a", "+r");
  publisher.publish("a", "b", "-@1");
  shards.settle();
  EXPECT_EQ(waiting.heard, "");
}

TEST_P(StreamAudiences, CountWhatAFormatCannotSay) {
  Socket& one = connected(0, "1");
  Socket& two = connected(0, "2");
  Socket& three = connected(0, "3", polling);
  base::Counter& lost = one.shard.metrics.deliveries_dropped[proto::Reason::undeliverable];
  one.publish("a", "a", {}, "disconnect");
  shards.settle();
  EXPECT_EQ(lost.value(), 3u);
  EXPECT_EQ(one.shard.log.waiting(), 2u) << "a line for each format";
  one.publish("a", "b", "+@2", "disconnect");
  one.publish("a", "c", "-@2", "disconnect");
  one.publish("a", "d", "+nobody", "disconnect");
  one.publish("a", "e");
  shards.settle();
  EXPECT_EQ(lost.value(), 6u);
  EXPECT_EQ(one.shard.log.waiting(), 2u) << "in a minute";
  shards.pass(1min);
  one.publish("a", "f", {}, "disconnect");
  shards.settle();
  EXPECT_EQ(one.shard.log.waiting(), 4u);
  for (Socket* each : {&one, &two}) EXPECT_EQ(each->heard, "5=e;");
  EXPECT_EQ(three.heard, "p5=e;");
}

INSTANTIATE_TEST_SUITE_P(Shards, StreamAudiences, testing::Values(ShardIndex{1}, ShardIndex{3}));

}  // namespace
}  // namespace broker::shard
