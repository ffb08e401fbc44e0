// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/throttle.h"

#include <gtest/gtest.h>

#include "peer.h"

namespace broker::shard {
namespace {

using proto::Reason;

ShardsOptions with_rate(std::uint32_t rate) {
  ShardsOptions options;
  options.settings.limits.websocket_rate = rate;
  return options;
}

class ThrottleTest : public testing::Test {
 protected:
  void pings(Peer& peer, int count) {
    std::string frames;
    for (int i = 0; i < count; ++i) frames += masked(opcode_ping, std::to_string(i));
    peer.sends(frames);
  }
  std::size_t pongs(Peer& peer) {
    peer.settles();
    return peer.take_frames().size();
  }
  std::uint64_t held() { return shards[0].metrics.limits_reached[Reason::rate_exceeded].value(); }

  Shards shards{with_rate(10)};
};

TEST_F(ThrottleTest, HoldsWhoSendsTooMuchAndLosesNothingOfIt) {
  Peer peer(shards);
  peer.opens("/ws");
  pings(peer, 40);
  std::size_t answered = pongs(peer);
  EXPECT_GE(answered, 10u) << "a second's worth";
  EXPECT_LE(answered, 11u);
  EXPECT_EQ(held(), 1u);
  EXPECT_FALSE(peer.is_read());
  shards.pass(1s);
  answered += pongs(peer);
  EXPECT_GE(answered, 19u);
  EXPECT_LE(answered, 22u);
  shards.pass(3s);
  answered += pongs(peer);
  EXPECT_EQ(answered, 40u);
  EXPECT_TRUE(peer.is_read());
}

TEST_F(ThrottleTest, LetsAllGoWithOneTimer) {
  Peer first(shards);
  Peer second(shards);
  Peer quiet(shards);
  for (Peer* each : {&first, &second, &quiet}) each->opens("/ws");
  for (Peer* each : {&first, &second}) pings(*each, 20);
  (void)pongs(first);
  (void)pongs(second);
  EXPECT_EQ(held(), 2u);
  EXPECT_TRUE(quiet.is_read());
  EXPECT_FALSE(first.is_read() || second.is_read());
  shards.pass(2s);
  EXPECT_EQ(pongs(first), pongs(second));
  EXPECT_TRUE(first.is_read() && second.is_read());
}

TEST_F(ThrottleTest, WakesNobodyOnceAllAreWithinTheirRate) {
  Peer peer(shards);
  peer.opens("/ws");
  pings(peer, 20);
  (void)pongs(peer);
  shards.pass(3s);
  (void)pongs(peer);
  const auto next = shards[0].timers.next_deadline();
  ASSERT_TRUE(next);
  EXPECT_GT(*next, shards[0].now.steady + 5s) << "the next is a ping's";
}

// The throttle holds a pointer to it.
TEST_F(ThrottleTest, KeepsWhoHasDiedMeanwhileUntilItLetsGo) {
  Peer peer(shards);
  peer.opens("/ws");
  pings(peer, 40);
  (void)pongs(peer);
  ASSERT_EQ(held(), 1u);
  peer.client()->cut();
  shards.settle();
  ASSERT_NE(peer.client(), nullptr);
  EXPECT_FALSE(peer.client()->may_be_destroyed());
  shards.pass(100ms);
  EXPECT_EQ(peer.client(), nullptr);
  Peer next(shards);
  next.opens("/ws");
  pings(next, 15);
  std::size_t answered = pongs(next);
  shards.pass(2s);  // the throttle lets go of this one only
  answered += pongs(next);
  EXPECT_EQ(answered, 15u);
}

}  // namespace
}  // namespace broker::shard
