// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_replace.h"
#include "peer.h"

namespace broker::shard {
namespace {

using fakes::FrameSeen;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

TEST(Raw, SpeaksContentAlone) {
  Shards shards;
  Peer raw(shards);
  Peer peer(shards);
  raw.opens("/topics/chat%20message", "");
  raw.settles();
  peer.opens("/topics/chat%20message?publish=only", "");
  peer.sends_text("hello");
  peer.sends(masked(opcode_binary, "bytes"));
  peer.settles();
  raw.settles();
  EXPECT_THAT(raw.take_frames(), ElementsAre(FrameSeen{opcode_text, "hello"}, FrameSeen{opcode_binary, "bytes"}));
  EXPECT_THAT(peer.take_frames(), IsEmpty());
}

class RawAcrossShards : public testing::Test {
 protected:
  static ShardsOptions two() {
    ShardsOptions options;
    options.shards = 2;
    return options;
  }
  // The path of a topic whose home is the other shard.
  std::string topic_elsewhere() { return "/topics/" + absl::StrReplaceAll(shards.topic_at(1), {{" ", "%20"}}); }

  Shards shards{two()};
  Peer raw{shards, 0};
};

// Otherwise a publish that another shard passes on to the home could overtake the subscription.
TEST_F(RawAcrossShards, SwitchesOnceTheTopicsHomeHasHeardOfTheSubscriber) {
  raw.sends(upgrade(topic_elsewhere(), ""));
  for (int turn = 0; turn < 5; ++turn) shards[0].turn();
  EXPECT_FALSE(raw.is_sent_to());
  shards[1].turn();
  shards[0].turn();
  EXPECT_TRUE(raw.is_sent_to());
  raw.settles();
  EXPECT_THAT(raw.take(), StartsWith("HTTP/1.1 101 "));
}

TEST_F(RawAcrossShards, SwitchesAPublisherAtOnce) {
  raw.sends(upgrade(topic_elsewhere() + "?publish=only", ""));
  for (int turn = 0; turn < 5; ++turn) shards[0].turn();
  EXPECT_TRUE(raw.is_sent_to());
}

}  // namespace
}  // namespace broker::shard
