// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/memory.h"

#include <gtest/gtest.h>

namespace broker::shard {
namespace {

namespace limits = config::limits;
using Level = Memory::Level;

constexpr std::uint64_t budget = 1'000'000;

TEST(Memory, OthersGiveWayInOrder) {
  struct Case {
    std::int64_t used;
    Level level;
  };
  for (const auto& [used, level] : {Case{0, Level::well},
                                    {849'999, Level::well},
                                    {850'000, Level::refuse_newcomers},
                                    {949'999, Level::refuse_newcomers},
                                    {950'000, Level::close_slow_readers},
                                    {999'999, Level::close_slow_readers},
                                    {1'000'000, Level::refuse_publishers},
                                    {9'000'000, Level::refuse_publishers}}) {
    Memory memory(budget);
    memory.own = used;
    EXPECT_EQ(memory.level(), Level::well) << "until it is looked at";
    memory.look({});
    EXPECT_EQ(memory.level(), level) << used;
    EXPECT_EQ(memory.refuses_newcomers(), level >= Level::refuse_newcomers) << used;
    EXPECT_EQ(memory.closes_slow_readers(), level >= Level::close_slow_readers) << used;
    EXPECT_EQ(memory.refuses_publishers(), level == Level::refuse_publishers) << used;
  }
}

TEST(Memory, IsTheSumOfWhatIsHeld) {
  struct Case {
    const char* what;
    Memory::Elsewhere elsewhere;
    std::int64_t Memory::*counter;
    std::int64_t bytes_each;
  };
  for (const Case& each : {Case{"a connection", {.connections = 1}, nullptr, limits::connection_bytes},
                           {"a topic", {.topics = 1}, nullptr, limits::topic_bytes},
                           {"logs", {.log_bytes = 1}, nullptr, 1},
                           {"spills", {.spilled_bytes = 1}, nullptr, 1},
                           {"runs", {}, &Memory::runs, 1},
                           {"one client's own", {}, &Memory::own, 1},
                           {"a subscription", {}, &Memory::subscriptions, limits::subscription_bytes},
                           {"TLS", {}, &Memory::tls_connections, limits::tls_bytes}}) {
    Memory memory(budget);
    if (each.counter != nullptr) memory.*each.counter += 1;
    memory.look(each.elsewhere);
    EXPECT_EQ(memory.used(), each.bytes_each) << each.what;
    memory.look({});
    EXPECT_EQ(memory.used(), each.counter == nullptr ? 0 : each.bytes_each) << each.what << ": as it is at each look";
  }
}

// A level holds for a turn; how many readers have to go is known at once.
TEST(Memory, ClosesReadersUntilItHasComeBack) {
  Memory memory(budget);
  memory.own = 990'000;
  memory.look({});
  memory.own = 940'000;
  EXPECT_FALSE(memory.closes_slow_readers());
  EXPECT_EQ(memory.level(), Level::close_slow_readers);
  memory.own = 960'000;
  EXPECT_TRUE(memory.closes_slow_readers());
  memory.own = 100;
  memory.look({});
  EXPECT_EQ(memory.level(), Level::well);
}

TEST(Memory, OfAnySizeNeverOverflows) {
  for (const std::uint64_t bytes : {1ul, 99ul, 200'000'000'000'000'000ul, std::uint64_t{INT64_MAX}}) {
    Memory memory(bytes);
    memory.own = 1'000'000'000'000;
    memory.look({.connections = 10'000'000, .topics = 1'000'000'000});
    EXPECT_EQ(memory.level(), bytes < 100 ? Level::refuse_publishers : Level::well) << bytes;
  }
}

}  // namespace
}  // namespace broker::shard
