// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/stories.h"

#include <gtest/gtest.h>

#include "peer.h"

namespace broker::shard {
namespace {

using config::limits::stories_per_second;

class StoriesTest : public testing::Test {
 protected:
  StoriesTest() { log.set_level(base::LogLevel::debug); }
  std::size_t lines() { return log.waiting(); }

  Shards shards;
  base::LogSink& log = shards[0].log;
};

TEST_F(StoriesTest, HaveALineForTheBeginningAndOneForTheEnd) {
  Peer peer(shards);
  EXPECT_EQ(lines(), 1u);
  peer.opens("/ws");
  peer.sends_text("{}");
  shards.pass(10s);
  EXPECT_EQ(lines(), 1u) << "nothing in between";
  peer.resets();
  peer.settles();
  EXPECT_EQ(lines(), 2u);
}

TEST_F(StoriesTest, AreNotToldAboveDebug) {
  log.set_level(base::LogLevel::info);
  Peer peer(shards);
  peer.resets();
  peer.settles();
  EXPECT_EQ(lines(), 0u);
}

TEST_F(StoriesTest, DoNotFloodTheLog) {
  for (std::uint32_t i = 0; i < stories_per_second; ++i) {
    Peer peer(shards);
    peer.resets();
    peer.settles();
  }
  EXPECT_EQ(lines(), stories_per_second);
  shards.pass(1s);
  Peer later(shards);
  EXPECT_EQ(lines(), stories_per_second + 1);
}

}  // namespace
}  // namespace broker::shard
