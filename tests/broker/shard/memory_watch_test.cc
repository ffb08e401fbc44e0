// SPDX-License-Identifier: Apache-2.0
// Memory runs short: who is closed for it, who is not, and that it comes back.
#include "broker/shard/memory_watch.h"

#include <gtest/gtest.h>

#include "peer.h"

namespace broker::shard {
namespace {

using proto::Reason;

constexpr std::int64_t KiB = 1024;
constexpr std::int64_t budget = 64 * 1024 * KiB;

ShardsOptions options() {
  ShardsOptions made;
  made.memory_bytes = budget;
  made.log.messages = 0;
  return made;
}

class MemoryWatchTest : public testing::Test {
 protected:
  // A reader that takes nothing of so many bytes, in messages of its own topic.
  struct Reader {
    Reader(MemoryWatchTest& test, std::size_t bytes) : peer(test.shards) {
      const std::string topic = absl::StrCat("t", ++test.topics);
      peer.opens(absl::StrCat("/topics/", topic), "");
      for (std::size_t sent = 0; sent < bytes; sent += 16 * KiB) {
        (void)test.shards[0].router.publish(
            {}, 0, {.topic = topic, .event = {}, .kind = proto::Kind::text, .content = std::string(16 * KiB, 'x')});
        test.shards.settle();
      }
      waited = peer.client()->waiting_bytes();
    }
    // What its send has already is not to be dropped; the rest is.
    [[nodiscard]] bool closed_for_memory() { return peer.client()->waiting_bytes() < waited; }
    Peer peer;
    std::size_t waited = 0;
  };
  // What others hold makes so many bytes too much of it.
  void exceed_by(std::int64_t bytes) {
    Memory& memory = shards[0].memory;
    memory.own += budget / 100 * config::limits::memory_percent_readers - memory.used() + bytes;
  }
  std::uint64_t closed() { return shards[0].metrics.connections_closed[Reason::shed_reader].value(); }
  // Whoever was closed has nothing in its way.
  void take_everything(std::initializer_list<Reader*> readers) {
    for (Reader* each : readers) {
      each->peer.settles();
      each->peer.ends_input();
    }
    shards.settle();
  }

  Shards shards{options()};
  int topics = 0;
};

TEST_F(MemoryWatchTest, ClosesTheSlowestReaderAndNoMoreThanItTakes) {
  Reader slow(*this, 600 * KiB);
  Reader slowest(*this, 1200 * KiB);
  Reader slower(*this, 900 * KiB);
  exceed_by(100 * KiB);
  shards.turn();
  EXPECT_TRUE(slowest.closed_for_memory());
  EXPECT_FALSE(slower.closed_for_memory());
  EXPECT_FALSE(slow.closed_for_memory());
  EXPECT_FALSE(shards[0].memory.closes_slow_readers()) << "its bytes have come back";
  take_everything({&slow, &slowest, &slower});
  EXPECT_EQ(closed(), 1u);
  EXPECT_GT(shards[0].metrics.deliveries_dropped[Reason::shed_reader].value(), 30u) << "and the loss is counted";
}

TEST_F(MemoryWatchTest, GoesOnWithTheNextOneWhereThatIsNotEnough) {
  Reader slow(*this, 600 * KiB);
  Reader slower(*this, 900 * KiB);
  Reader slowest(*this, 1200 * KiB);
  exceed_by(1500 * KiB);
  shards.turn();
  EXPECT_TRUE(slowest.closed_for_memory());
  EXPECT_TRUE(slower.closed_for_memory());
  EXPECT_FALSE(slow.closed_for_memory());
}

TEST_F(MemoryWatchTest, LeavesAloneWhoIsNotSlow) {
  Reader prompt(*this, 32 * KiB);
  exceed_by(100 * KiB);
  for (int i = 0; i < 10; ++i) shards.pass(20ms);
  EXPECT_FALSE(prompt.closed_for_memory());
  EXPECT_EQ(closed(), 0u);
}

TEST_F(MemoryWatchTest, TouchesNobodyBelowTheLimit) {
  Reader slow(*this, 1200 * KiB);
  exceed_by(-1000 * KiB);
  shards.settle();
  EXPECT_FALSE(slow.closed_for_memory());
  EXPECT_GT(shards[0].metrics.memory_bytes.value(), budget * 9 / 10) << "shown at each look";
}

// Visiting all clients in each turn would cost more than it brings.
TEST_F(MemoryWatchTest, DoesNotSearchInEachTurn) {
  Reader first(*this, 600 * KiB);
  Reader second(*this, 600 * KiB);
  exceed_by(100 * KiB);
  shards.turn();
  ASSERT_NE(first.closed_for_memory(), second.closed_for_memory());
  exceed_by(100 * KiB);
  shards.turn();
  EXPECT_NE(first.closed_for_memory(), second.closed_for_memory()) << "it was looked for a moment ago";
  shards.pass(20ms);
  EXPECT_TRUE(first.closed_for_memory() && second.closed_for_memory());
}

}  // namespace
}  // namespace broker::shard
