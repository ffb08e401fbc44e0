// SPDX-License-Identifier: Apache-2.0
// Publishes whose publisher does not want to hear that they went well: which of them home answers nevertheless, and
// what paces those that it does not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/limits.h"
#include "peer.h"

namespace broker::shard {
namespace {

using fakes::FrameSeen;
using testing::ElementsAre;
using testing::SizeIs;
namespace limits = config::limits;

constexpr std::string_view bad_frame = "\xf1\x80";

class QuietPublish : public testing::Test {
 protected:
  QuietPublish() {
    hearer.opens("/ws");
    hearer.sends_text(absl::StrCat(R"({"id":1,"subscribe":{"topic":")", topic, R"("}})"));
    hearer.settles();
    (void)hearer.take();
    publisher.opens("/ws");
  }
  static ShardsOptions two() {
    ShardsOptions options;
    options.shards = 2;
    return options;
  }
  [[nodiscard]] std::string publish(std::string_view id, std::string_view data) const {
    return masked(opcode_text, absl::StrCat("{", std::string(id), R"("publish":{"topic":")", topic, R"(","data":)",
                                            std::string(data), "}}"));
  }
  void only_the_publishers_shard_turns() {
    for (int i = 0; i < 5; ++i) shards[0].turn();
  }

  Shards shards{two()};
  const std::string topic = shards.topic_at(1);
  Peer hearer{shards, 1};
  Peer publisher{shards, 0};
};

TEST_F(QuietPublish, IsActedOnAndNotWaitedFor) {
  publisher.sends(absl::StrCat(publish("", "1"), std::string(bad_frame)));
  only_the_publishers_shard_turns();
  EXPECT_TRUE(publisher.is_sent_to()) << "it can be closed before the home has turned";
  publisher.settles();
  EXPECT_THAT(publisher.take_frames(), SizeIs(1));
  hearer.settles();
  EXPECT_THAT(hearer.take_frames(), SizeIs(1));
}

TEST_F(QuietPublish, IsWaitedForWhereItComesBackToItsPublisher) {
  publisher.sends_text(absl::StrCat(R"({"id":1,"subscribe":{"topic":")", topic, R"("}})"));
  publisher.settles();
  (void)publisher.take();
  publisher.sends(absl::StrCat(publish("", "1"), std::string(bad_frame)));
  only_the_publishers_shard_turns();
  EXPECT_FALSE(publisher.is_sent_to());
  publisher.settles();
  const std::vector<FrameSeen> seen = publisher.take_frames();
  ASSERT_THAT(seen, SizeIs(2));
  EXPECT_EQ(seen[0].payload, absl::StrCat(R"({"topic":")", topic, R"(","offset":1,"data":1})"));
  EXPECT_EQ(seen[1].opcode, opcode_close);
}

TEST_F(QuietPublish, IsAnsweredWhereThereIsAnId) {
  publisher.sends(absl::StrCat(publish("", "1"), publish(R"("id":7,)", "2")));
  publisher.settles();
  EXPECT_THAT(publisher.take_payloads(), ElementsAre(R"({"id":7,"ok":{"offset":2}})"));
}

TEST_F(QuietPublish, StopsReadingWhenTheMailboxIsFullAndLosesNothing) {
  constexpr std::size_t messages = limits::mailbox_entries + 100;
  std::string all;
  for (std::size_t i = 0; i < messages; ++i) all += publish("", "1");
  publisher.sends(all);
  only_the_publishers_shard_turns();
  EXPECT_FALSE(publisher.is_read());
  publisher.settles();
  EXPECT_TRUE(publisher.is_read());
  hearer.settles();
  EXPECT_THAT(hearer.take_frames(), SizeIs(messages));
}

TEST_F(QuietPublish, StopsReadingWhenLargeOnesAreUnderWay) {
  const std::string large = publish("", absl::StrCat("\"", std::string(limits::unanswered_bytes_max + 1, 'x'), "\""));
  constexpr std::size_t messages = limits::publishing_bytes_max / limits::unanswered_bytes_max + 1;
  std::size_t sent = 0;
  while (sent < messages && publisher.is_read()) {
    publisher.sends(large);
    ++sent;
    shards[0].turn();
  }
  EXPECT_LT(sent, messages);
  publisher.settles();
  hearer.settles();
  EXPECT_TRUE(publisher.is_read());
  EXPECT_THAT(hearer.take_frames(), SizeIs(sent));
}

}  // namespace
}  // namespace broker::shard
