// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/mailbox.h"

#include <gtest/gtest.h>

#include <memory>

namespace broker::shard {
namespace {

constexpr std::size_t capacity = config::limits::mailbox_entries;

struct Letter {
  std::size_t number = 0;
  std::unique_ptr<int> owned = std::make_unique<int>(0);
  [[nodiscard]] std::size_t memory_bytes() const { return 100; }
};

class OneMailbox : public testing::Test {
 protected:
  void post(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) outbox.post(Letter{.number = posted++});
  }
  // Takes what has come, in order.
  std::size_t take(std::size_t most = SIZE_MAX) {
    return inbox.drain(most, [&](Letter&& letter) {
      ASSERT_EQ(letter.number, taken++);
      ASSERT_NE(letter.owned, nullptr);
    });
  }

  Mailbox<Letter> mailbox;
  base::Counter full_total;
  Outbox<Letter> outbox{mailbox, full_total};
  Inbox<Letter> inbox{mailbox};
  std::size_t posted = 0;
  std::size_t taken = 0;
};

TEST_F(OneMailbox, ShowsWhatWasPostedWhenItIsPublished) {
  post(3);
  EXPECT_TRUE(inbox.empty());
  EXPECT_TRUE(outbox.publish());
  EXPECT_FALSE(inbox.empty());
  EXPECT_EQ(inbox.depth(), 3u);
  EXPECT_EQ(take(), 3u);
  EXPECT_FALSE(outbox.publish()) << "nothing new";
}

TEST_F(OneMailbox, HandsOverNoMoreThanAskedFor) {
  post(5);
  EXPECT_TRUE(outbox.publish());
  EXPECT_EQ(take(2), 2u);
  EXPECT_EQ(take(2), 2u);
  EXPECT_EQ(take(2), 1u);
}

TEST_F(OneMailbox, KeepsWhatDoesNotFitInOrder) {
  post(capacity);
  EXPECT_FALSE(outbox.full());
  post(2);
  EXPECT_TRUE(outbox.full());
  EXPECT_EQ(outbox.spilled_bytes(), 200u);
  EXPECT_EQ(full_total.value(), 1u) << "once, not for each mail";
  EXPECT_TRUE(outbox.publish());
  EXPECT_EQ(take(), capacity);
  EXPECT_TRUE(inbox.release()) << "the sender waits for room";
  post(3);  // behind what was kept
  EXPECT_TRUE(outbox.publish());
  EXPECT_FALSE(outbox.full());
  EXPECT_EQ(outbox.spilled_bytes(), 0u);
  EXPECT_EQ(take(), 5u);
  EXPECT_FALSE(inbox.release()) << "nobody waits any more";
}

// A sleeping receiver must be woken for what stands in the mailbox, though more waits outside.
TEST_F(OneMailbox, SaysThatThereIsMailWhenItIsFilledAndSpillsInOneGo) {
  post(capacity + 1);
  EXPECT_TRUE(outbox.publish());
  EXPECT_FALSE(outbox.publish()) << "it knows";
}

TEST_F(OneMailbox, GoesOnInOrderThroughManyTimesItsCapacity) {
  for (int round = 0; round < 50; ++round) {
    post(capacity / 2 + static_cast<std::size_t>(round) * 7 % 100);
    (void)outbox.publish();
    take(capacity / 2 + 10);
    (void)inbox.release();
  }
  while (taken < posted) {
    (void)outbox.publish();
    take();
    (void)inbox.release();
  }
  EXPECT_EQ(outbox.spilled_bytes(), 0u);
  EXPECT_FALSE(outbox.full());
}

}  // namespace
}  // namespace broker::shard
