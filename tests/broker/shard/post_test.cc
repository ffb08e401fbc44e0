// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/post.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fake_ring.h"

namespace broker::shard {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;
constexpr std::size_t capacity = config::limits::mailbox_entries;

RequestMail request(proto::Tag tag) { return {.client = {}, .tag = tag, .message = {}, .read = {}}; }
DeliveryMail delivery(proto::Tag tag) {
  DeliveryMail mail;
  mail.tag = tag;
  return mail;
}

class Posts : public testing::Test {
 protected:
  Posts() {
    for (ShardIndex shard = 0; shard < 3; ++shard) mesh.enter(shard, rings[shard]);
  }
  void sleep(ShardIndex shard) { mesh.sleep_flag(shard).prepare_sleep(); }
  std::vector<proto::Tag> take_requests(Post& post, std::size_t most = 1000) {
    std::vector<proto::Tag> tags;
    post.drain_requests(most, [&](ShardIndex, RequestMail&& mail) { tags.push_back(mail.tag); });
    return tags;
  }
  std::vector<proto::Tag> take_deliveries(Post& post, std::size_t most = 1000) {
    std::vector<proto::Tag> tags;
    post.drain_deliveries(most, [&](ShardIndex, DeliveryMail&& mail) { tags.push_back(mail.tag); });
    return tags;
  }

  Mesh mesh{3};
  base::ShardMetrics metrics[3];
  fakes::FakeRing rings[3];
  Post a{mesh, 0, metrics[0]};
  Post b{mesh, 1, metrics[1]};
  Post c{mesh, 2, metrics[2]};
};

TEST_F(Posts, CarryEachKindInOrder) {
  a.send(1, request(1));
  a.send(1, delivery(2));
  a.send(1, request(3));
  EXPECT_FALSE(b.anything_waiting(true)) << "not before it is published";
  a.publish(rings[0]);
  EXPECT_TRUE(b.anything_waiting(true));
  EXPECT_THAT(take_requests(b), ElementsAre(1, 3));
  EXPECT_TRUE(b.anything_waiting(false));
  EXPECT_THAT(take_deliveries(b), ElementsAre(2));
  EXPECT_FALSE(b.anything_waiting(true));
  EXPECT_FALSE(c.anything_waiting(true));
}

TEST_F(Posts, TellWhichShardMailIsFrom) {
  a.send(2, request(1));
  b.send(2, request(2));
  c.send(2, request(3));
  for (Post* each : {&a, &b, &c}) each->publish(rings[0]);
  c.drain_requests(10, [](ShardIndex from, RequestMail&& mail) { EXPECT_EQ(mail.tag, from + 1); });
}

TEST_F(Posts, WakeOnlyWhoSleepsAndOnceABatch) {
  a.send(1, request(1));
  a.publish(rings[0]);
  EXPECT_EQ(rings[1].woken(), 0) << "it is awake";
  sleep(1);
  a.publish(rings[0]);
  EXPECT_EQ(rings[1].woken(), 0) << "there is nothing new";
  a.send(1, request(2));
  a.send(1, delivery(3));
  a.publish(rings[0]);
  EXPECT_EQ(rings[1].woken(), 1);
  a.send(1, request(4));
  a.publish(rings[0]);
  EXPECT_EQ(rings[1].woken(), 1) << "it was woken and has not gone to sleep again";
  EXPECT_EQ(rings[2].woken(), 0);
}

TEST_F(Posts, DoNotWakeThemselves) {
  sleep(0);
  a.send(0, request(1));
  a.publish(rings[0]);
  EXPECT_EQ(rings[0].woken(), 0);
  EXPECT_TRUE(a.anything_waiting(true)) << "which it looks at before it sleeps";
}

TEST_F(Posts, WakeASleeperWhoseMailboxOverflowsInOneBatch) {
  sleep(1);
  for (std::size_t i = 0; i < capacity + 10; ++i) a.send(1, request(i));
  a.publish(rings[0]);
  EXPECT_EQ(rings[1].woken(), 1);
}

TEST_F(Posts, WakeASenderThatSleepsUntilThereIsRoom) {
  for (std::size_t i = 0; i < capacity + 10; ++i) a.send(1, request(i));
  a.publish(rings[0]);
  EXPECT_TRUE(a.requests_full(1));
  EXPECT_FALSE(a.requests_full(2));
  EXPECT_TRUE(a.any_requests_full());
  EXPECT_EQ(metrics[0].mailbox_full[base::MailboxKind::publish].value(), 1u);
  sleep(0);
  EXPECT_EQ(take_requests(b, capacity).size(), capacity);
  b.publish(rings[1]);
  EXPECT_EQ(rings[0].woken(), 0) << "the room is not given back yet";
  b.release();
  b.publish(rings[1]);
  EXPECT_EQ(rings[0].woken(), 1);
  a.publish(rings[0]);
  EXPECT_FALSE(a.any_requests_full());
  EXPECT_EQ(take_requests(b).size(), 10u);
}

TEST_F(Posts, BeginWithAnotherSenderEachTime) {
  std::vector<ShardIndex> first;
  for (int round = 0; round < 3; ++round) {
    for (Post* each : {&a, &b, &c}) {
      each->send(2, delivery(0));
      each->publish(rings[0]);
    }
    bool is_first = true;
    c.drain_deliveries(1, [&](ShardIndex from, DeliveryMail&&) {
      if (std::exchange(is_first, false)) first.push_back(from);
    });
  }
  EXPECT_THAT(first, UnorderedElementsAre(0, 1, 2));
}

TEST_F(Posts, AreCongestedByWhatDeliveriesKeepInMemory) {
  topics::ReturnStack& owner = a.messages();
  const std::string content(1 << 20, 'x');
  for (std::size_t i = 0; i < capacity; ++i) a.send(1, delivery(i));
  for (int i = 0; i < 16; ++i) {
    EXPECT_FALSE(a.deliveries_congested()) << i;
    DeliveryMail mail = delivery(0);
    mail.message = topics::MessageRef(topics::Message::make({.topic = "t", .event = {}, .content = content}, 0, owner));
    a.send(1, std::move(mail));
  }
  EXPECT_TRUE(a.deliveries_congested());
  EXPECT_FALSE(a.any_requests_full());
  a.publish(rings[0]);
  (void)take_deliveries(b, 100);
  b.release();
  a.publish(rings[0]);
  EXPECT_FALSE(a.deliveries_congested());
}

TEST_F(Posts, ShowHowMuchMailWaits) {
  a.send(1, request(1));
  c.send(1, request(2));
  c.send(1, delivery(3));
  a.publish(rings[0]);
  c.publish(rings[2]);
  b.show_depth();
  EXPECT_EQ(metrics[1].mailbox_entries[base::MailboxKind::publish].value(), 2);
  EXPECT_EQ(metrics[1].mailbox_entries[base::MailboxKind::delivery].value(), 1);
}

}  // namespace
}  // namespace broker::shard
