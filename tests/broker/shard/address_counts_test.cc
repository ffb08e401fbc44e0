// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/address_counts.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace broker::shard {
namespace {

constexpr std::uint64_t seed = 20'260'501;

class AddressCountsTest : public testing::Test {
 private:
  const std::unique_ptr<AddressCounts> owned_ = std::make_unique<AddressCounts>(seed);  // 128 KiB

 protected:
  AddressCounts& counts = *owned_;
};

TEST_F(AddressCountsTest, LetsInAsManyAsAreAllowed) {
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(counts.enter(7, 3)) << i;
  EXPECT_FALSE(counts.enter(7, 3));
  EXPECT_TRUE(counts.enter(8, 3)) << "another address";
}

TEST_F(AddressCountsTest, CountsNobodyWhoWasRefused) {
  ASSERT_TRUE(counts.enter(7, 1));
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(counts.enter(7, 1));
  EXPECT_TRUE(counts.enter(7, 2)) << "the bound was raised: there is one of them";
}

TEST_F(AddressCountsTest, HasRoomAgainForWhoHasLeft) {
  for (int i = 0; i < 1000; ++i) {
    const auto place = counts.enter(7, 1);
    ASSERT_TRUE(place) << i;
    counts.leave(*place);
  }
}

// Each shares a count with some other; both counts of hardly anybody are shared.
TEST_F(AddressCountsTest, SeldomTellsTooMuchAndNeverTooLittle) {
  int refused_early = 0;
  constexpr std::uint64_t addresses = 2000;
  for (std::uint64_t address = 0; address < addresses; ++address) {  // who has gone leaves no trace in either row
    for (int i = 0; i < 4; ++i) counts.leave(counts.enter(address, 4).value());
  }
  for (std::uint64_t address = 0; address < addresses; ++address) {
    for (int i = 0; i < 4; ++i) refused_early += counts.enter(address, 4) ? 0 : 1;
    EXPECT_FALSE(counts.enter(address, 4)) << address;
  }
  EXPECT_LE(refused_early, 4 * 40) << "1/8 of the slots in one row, 1/64 in both";
}

TEST_F(AddressCountsTest, IsOtherUnderAnotherSeed) {
  AddressCounts::Place here = *counts.enter(7, 1);
  const auto other = std::make_unique<AddressCounts>(seed + 1);
  AddressCounts::Place there = *other->enter(7, 1);
  EXPECT_FALSE(here.first == there.first && here.second == there.second) << "who knows one cannot choose a neighbour";
  EXPECT_NE(here.first, here.second) << "the rows are hashed apart";
}

// Who is counted on one shard is counted for all of them, and none is lost between them.
TEST_F(AddressCountsTest, IsOneForAllThreads) {
  constexpr std::uint32_t most = 100;
  std::atomic<int> in{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      std::vector<AddressCounts::Place> mine;
      for (int i = 0; i < 2000; ++i) {
        if (const auto place = counts.enter(7, most)) mine.push_back(*place);
        if (mine.size() == 20) {
          for (const AddressCounts::Place& each : mine) counts.leave(each);
          mine.clear();
        }
      }
      in += static_cast<int>(mine.size());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LT(in, 80);
  for (int i = in; i < static_cast<int>(most); ++i) ASSERT_TRUE(counts.enter(7, most)) << i;
  EXPECT_FALSE(counts.enter(7, most));
}

}  // namespace
}  // namespace broker::shard
