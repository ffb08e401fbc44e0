// SPDX-License-Identifier: Apache-2.0
// The clock of the day jumps: it is shown to readers, and nothing is decided by it. What expires, is pinged or times
// out goes by the steady clock.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "peer.h"

namespace broker::shard {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t day_us = std::int64_t{24} * 3600 * 1'000'000;

class Clock : public testing::TestWithParam<std::int64_t> {
 protected:
  // By the parameter, and again each time that Shards::pass() has put it back.
  void jump() {
    for (auto& one : shards.all) one->now.wall_us += GetParam();
  }
  void publish(std::string_view content) {
    (void)shards[0].router.publish({}, 0, {.topic = "t", .event = {}, .kind = proto::Kind::text, .content = content});
    shards.settle();
  }
  std::string log() {
    Peer peer(shards);
    peer.sends("GET /topics/t?last=9 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    peer.settles();
    return peer.take();
  }

  Shards shards;
};

TEST_P(Clock, NeitherEmptiesALogNorKeepsItLonger) {
  publish("before");
  jump();
  publish("behind");
  EXPECT_THAT(log(), AllOf(HasSubstr("before"), HasSubstr("behind")));
  shards.pass(2min);
  jump();
  publish("later");  // and the sweep that it makes due
  EXPECT_THAT(log(), AllOf(HasSubstr("before"), HasSubstr("behind"), HasSubstr("later")));
  shards.pass(3min + 10s);
  jump();
  shards.pass(5s);
  EXPECT_THAT(log(), AllOf(Not(HasSubstr("before")), Not(HasSubstr("behind")), HasSubstr("later")));
  shards.pass(3min);
  EXPECT_EQ(shards[0].metrics.log_bytes.value(), 0);
  EXPECT_EQ(shards[0].metrics.topics.value(), 1) << "its epoch stays for who resumes";
}

TEST_P(Clock, OnlyShowsInTheTimeOfAMessage) {
  const std::int64_t before_ms = shards[0].now.wall_us / 1000;
  publish("a");
  jump();
  publish("b");
  const auto time = [](std::int64_t ms) {
    return absl::StrCat("\"time\":", ms / 1000, ".", absl::Dec(ms % 1000, absl::kZeroPad3));
  };
  EXPECT_THAT(log(), AllOf(HasSubstr(time(before_ms)), HasSubstr(time(before_ms + GetParam() / 1000)),
                           HasSubstr("\"offset\":1"), HasSubstr("\"offset\":2")));
}

TEST_P(Clock, EndsNoConnectionAndDelaysNoPing) {
  jump();  // what is armed now waits as long as at any other time
  Peer subscriber(shards);
  Peer asking(shards);
  subscriber.opens("/topics/t", "");
  asking.sends("GET /topics/t HTTP/1.1\r\n");
  asking.settles();
  shards.pass(9s);
  jump();
  shards.settle();
  EXPECT_FALSE(asking.sees_fin()) << "its head has a second left";
  EXPECT_THAT(subscriber.take_frames(), testing::IsEmpty());
  shards.pass(2s);
  asking.settles();
  EXPECT_THAT(asking.take(), HasSubstr("408"));
  shards.pass(15s);
  subscriber.settles();
  const auto frames = subscriber.take_frames();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].opcode, opcode_ping);
}

INSTANTIATE_TEST_SUITE_P(TenYearsOn, Clock, testing::Values(3653 * day_us));
INSTANTIATE_TEST_SUITE_P(TenYearsBack, Clock, testing::Values(-3653 * day_us));
INSTANTIATE_TEST_SUITE_P(To1970, Clock, testing::Values(-1'700'000'000'000'000));
INSTANTIATE_TEST_SUITE_P(AMillisecond, Clock, testing::Values(1000));

}  // namespace
}  // namespace broker::shard
