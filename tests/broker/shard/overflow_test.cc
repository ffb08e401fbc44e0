// SPDX-License-Identifier: Apache-2.0
// Subscribers that read too slowly: what they lose, what they are told of it, and that nobody else notices.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "peer.h"

namespace broker::shard {
namespace {

using proto::Reason;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

ShardsOptions options(config::Overflow overflow) {
  ShardsOptions made;
  made.settings.limits.message_bytes = 16 * 1024;
  made.settings.limits.queue_bytes = 128 * 1024;
  made.settings.queue.overflow = overflow;
  return made;
}

class SlowReader : public testing::Test {
 protected:
  explicit SlowReader(config::Overflow overflow) : shards(options(overflow)) {}

  void subscribe(Peer& peer, std::string_view topic) {
    peer.sends_text(absl::StrCat(R"({"id":1,"subscribe":{"topic":")", std::string(topic), R"("}})"));
    peer.settles();
    (void)peer.take();
  }
  // Each in a turn of its own, so that each is a run.
  void publish(std::string_view topic, int count, std::size_t bytes = 8000) {
    for (int i = 0; i < count; ++i) {
      (void)shards[0].router.publish(
          {}, 0, {.topic = topic, .event = {}, .kind = proto::Kind::text, .content = std::string(bytes, 'x')});
      shards.settle();
    }
  }
  std::uint64_t dropped() { return shards[0].metrics.deliveries_dropped[Reason::slow_consumer].value(); }

  Shards shards;
};

// What a native subscriber saw of a topic, with the data left out: "1 2 gap 3-5 6".
std::string story(const std::vector<std::string>& payloads, std::string_view topic) {
  std::string told;
  const auto number = [](const std::string& text, std::string_view key) {
    return std::to_string(std::stoull(text.substr(text.find(key) + key.size())));
  };
  for (const std::string& each : payloads) {
    if (!each.starts_with(absl::StrCat(R"({"topic":")", std::string(topic), "\""))) {
      if (each.find("\"ok\"") != std::string::npos) told += "ok ";
      continue;
    }
    told += each.find("\"gap\"") != std::string::npos
                ? absl::StrCat("gap ", number(each, "\"from\":"), "-", number(each, "\"to\":"), " ")
                : absl::StrCat(number(each, "\"offset\":"), " ");
  }
  return told;
}

class Disconnect : public SlowReader {
 protected:
  Disconnect() : SlowReader(config::Overflow::disconnect) {}
};

TEST_F(Disconnect, ClosesWith1013BehindWhatWasQueued) {
  Peer slow(shards);
  Peer quick(shards);
  for (Peer* each : {&slow, &quick}) {
    each->opens("/ws");
    subscribe(*each, "t");
  }
  std::vector<std::string> quick_saw;
  for (int i = 0; i < 30; ++i) {
    publish("t", 1);
    while (quick.takes()) shards.settle();
    for (std::string& payload : quick.take_payloads()) quick_saw.push_back(std::move(payload));
  }
  EXPECT_THAT(quick_saw, SizeIs(30));
  EXPECT_LE(shards[0].metrics.queue_bytes.value(), 160 * 1024);
  EXPECT_EQ(shards[0].metrics.subscriptions[0].value(), 1) << "it hears nothing more";
  while (slow.takes()) shards.settle();
  std::vector<fakes::FrameSeen> seen = slow.take_frames();
  ASSERT_GT(seen.size(), 10u);
  EXPECT_EQ(seen.back().opcode, opcode_close);
  EXPECT_EQ(seen.back().payload.substr(0, 2), std::string("\x03\xf5")) << "1013";
  for (std::size_t i = 0; i + 1 < seen.size(); ++i)
    EXPECT_THAT(seen[i].payload, HasSubstr(absl::StrCat("\"offset\":", i + 1, ",")));
  EXPECT_GE(dropped(), 1u);
  slow.ends_input();
  slow.settles();
  EXPECT_EQ(shards[0].metrics.connections_closed[Reason::slow_consumer].value(), 1u);
}

TEST_F(Disconnect, ResetsWhoDoesNotTakeTheGoodbyeEither) {
  Peer slow(shards);
  slow.opens("/ws");
  subscribe(slow, "t");
  publish("t", 30);
  shards.pass(config::limits::close_patience + 100ms);
  EXPECT_TRUE(slow.closed());
  EXPECT_TRUE(slow.was_reset());
  EXPECT_EQ(shards[0].metrics.queue_bytes.value(), 0);
}

TEST_F(Disconnect, TakesAReplayThatIsLargerThanTheQueue) {
  publish("t", 100);
  Peer slow(shards);
  slow.opens("/ws");
  slow.sends_text(R"({"id":1,"subscribe":{"topic":"t","offset":0}})");
  shards.settle();
  EXPECT_EQ(slow.client() != nullptr && !slow.sees_fin(), true);
  slow.settles();
  const std::vector<std::string> seen = slow.take_payloads();
  ASSERT_THAT(seen, SizeIs(101));
  EXPECT_THAT(seen[0], HasSubstr(R"("recovered":true)"));
}

class DropOldest : public SlowReader {
 protected:
  DropOldest() : SlowReader(config::Overflow::drop_oldest) {}
};

TEST_F(DropOldest, TellsOfTheGapAtItsPlace) {
  Peer slow(shards);
  slow.opens("/ws");
  subscribe(slow, "t");
  publish("t", 60);
  slow.settles();
  const std::string told = story(slow.take_payloads(), "t");
  EXPECT_THAT(told, StartsWith("1 gap 2-")) << told;
  EXPECT_THAT(told, testing::EndsWith(" 59 60 "));
  // Offsets go on where the gap ends.
  const std::size_t dash = told.find('-');
  const std::uint64_t to = std::stoull(told.substr(dash + 1));
  EXPECT_THAT(told, HasSubstr(absl::StrCat("-", to, " ", to + 1, " ")));
  EXPECT_EQ(dropped(), to - 1);
}

TEST_F(DropOldest, TellsOfEachGapThatTheReaderComesTo) {
  Peer slow(shards);
  slow.opens("/ws");
  subscribe(slow, "t");
  std::vector<std::string> payloads;
  for (int round = 0; round < 4; ++round) {
    publish("t", 40);
    for (int i = 0; i < 3; ++i) {
      (void)slow.takes(9000);
      shards.settle();
    }
  }
  slow.settles();
  std::uint64_t next = 1;
  std::uint64_t lost = 0;
  for (const std::string& each : slow.take_payloads()) {
    const bool gap = each.find("\"gap\"") != std::string::npos;
    const auto at = [&](std::string_view key) { return std::stoull(each.substr(each.find(key) + key.size())); };
    ASSERT_EQ(gap ? at("\"from\":") : at("\"offset\":"), next) << each.substr(0, 80);
    next = (gap ? at("\"to\":") : next) + 1;
    if (gap) lost += at("\"to\":") - at("\"from\":") + 1;
  }
  EXPECT_EQ(next, 161u);
  EXPECT_GT(lost, 0u);
  EXPECT_EQ(dropped(), lost);
}

TEST_F(DropOldest, PutsTheGapBehindTheReplayThatItFollows) {
  publish("t", 50);
  Peer slow(shards);
  slow.opens("/ws");
  slow.sends(masked(opcode_ping, std::string(100, 'p')));
  shards.settle();
  ASSERT_TRUE(slow.is_sent_to());
  slow.sends_text(R"({"id":1,"subscribe":{"topic":"t","offset":0}})");
  shards.settle();
  publish("t", 50);
  slow.settles();
  const std::string told = story(slow.take_payloads(), "t");
  std::string expected = "ok ";
  for (int i = 1; i <= 50; ++i) expected += std::to_string(i) + " ";
  EXPECT_THAT(told, StartsWith(expected + "gap 51-")) << told;
  EXPECT_THAT(told, testing::EndsWith(" 100 "));
}

TEST_F(DropOldest, KeepsAnswersAndTheirOrder) {
  Peer slow(shards);
  slow.opens("/ws");
  subscribe(slow, "t");
  publish("t", 2);
  slow.sends_text(R"({"id":7,"publish":{"topic":"other","data":1}})");
  shards.settle();
  publish("t", 60);
  slow.sends_text(R"({"id":8,"publish":{"topic":"other","data":1}})");
  shards.settle();
  publish("t", 60);
  slow.settles();
  const std::vector<std::string> seen = slow.take_payloads();
  EXPECT_EQ(std::count(seen.begin(), seen.end(), R"({"id":7,"ok":{"offset":1}})"), 1);
  EXPECT_EQ(std::count(seen.begin(), seen.end(), R"({"id":8,"ok":{"offset":2}})"), 1);
}

TEST_F(DropOldest, TellsOfEachTopicApart) {
  Peer slow(shards);
  slow.opens("/ws");
  subscribe(slow, "a");
  subscribe(slow, "b");
  for (int i = 0; i < 40; ++i) {
    publish("a", 1);
    publish("b", 1);
  }
  slow.settles();
  const std::vector<std::string> seen = slow.take_payloads();
  EXPECT_THAT(story(seen, "a"), HasSubstr("gap 2-"));
  EXPECT_THAT(story(seen, "b"), StartsWith("gap 1-"));
  EXPECT_THAT(story(seen, "a"), testing::EndsWith(" 40 "));
  EXPECT_THAT(story(seen, "b"), testing::EndsWith(" 40 "));
}

// The topic's name goes with its last subscription; what is queued of it must not be looked for there.
TEST_F(DropOldest, LosesNothingOfATopicThatWasGivenUp) {
  Peer slow(shards);
  slow.opens("/ws");
  subscribe(slow, "a");
  subscribe(slow, "b");
  publish("a", 10);
  slow.sends_text(R"({"id":2,"unsubscribe":{"topic":"a"}})");
  shards.settle();
  publish("b", 60);
  slow.settles();
  const std::vector<std::string> seen = slow.take_payloads();
  EXPECT_EQ(story(seen, "a"), "1 ok ") << "what was begun, and nothing behind the answer";
  EXPECT_THAT(story(seen, "b"), StartsWith("ok gap 1-"));
}

TEST_F(DropOldest, SaysNothingInADialectThatHasNoWordsForIt) {
  Peer slow(shards);
  slow.opens("/topics/t", "");
  publish("t", 60);
  slow.settles();
  const std::vector<fakes::FrameSeen> seen = slow.take_frames();
  EXPECT_GT(seen.size(), 10u);
  EXPECT_LT(seen.size(), 30u);
  for (const auto& frame : seen) EXPECT_EQ(frame.payload, std::string(8000, 'x'));
  EXPECT_EQ(dropped() + seen.size(), 60u);
}

TEST_F(DropOldest, HoldsItsBoundAndTellsOfAllThroughRandomReading) {
  for (unsigned seed = 0; seed < 10; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const std::string topic = "t" + std::to_string(seed);
    Peer slow(shards);
    slow.opens("/ws");
    subscribe(slow, topic);
    int published = 0;
    for (int step = 0; step < 300; ++step) {
      if (random() % 3 != 0) {
        publish(topic, 1, random() % 12'000);
        ++published;
      } else {
        (void)slow.takes(random() % 9000 + 1);
        shards.settle();
      }
      ASSERT_LE(shards[0].metrics.queue_bytes.value(), 128 * 1024 + 64 * 1024);
    }
    slow.settles();
    std::uint64_t next = 1;
    for (const std::string& each : slow.take_payloads()) {
      const bool gap = each.find("\"gap\"") != std::string::npos;
      const auto at = [&](std::string_view key) { return std::stoull(each.substr(each.find(key) + key.size())); };
      ASSERT_EQ(gap ? at("\"from\":") : at("\"offset\":"), next) << each.substr(0, 80);
      next = (gap ? at("\"to\":") : next) + 1;
    }
    EXPECT_EQ(next, static_cast<std::uint64_t>(published) + 1);
  }
}

}  // namespace
}  // namespace broker::shard
