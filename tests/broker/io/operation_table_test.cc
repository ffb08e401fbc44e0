// SPDX-License-Identifier: Apache-2.0
#include "broker/io/operation_table.h"

#include <deque>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace broker::io {
namespace {

struct Receive final : ReceiveOperation {
  void complete(const Received&) noexcept override {}
};
struct Send final : SendOperation {
  void complete(const Sent&) noexcept override {}
};

TEST(OperationTable, KnowsWhatTheKernelHolds) {
  OperationTable table;
  Send send;
  EXPECT_FALSE(send.in_kernel());
  const std::uint64_t user_data = table.add(send);
  EXPECT_TRUE(send.in_kernel());
  EXPECT_EQ(table.size(), 1u);
  EXPECT_EQ(table.find(user_data), &send);
  EXPECT_EQ(table.user_data(send), user_data);
  table.remove(send);
  EXPECT_FALSE(send.in_kernel());
  EXPECT_EQ(table.size(), 0u);
}

TEST(OperationTable, DropsACompletionOfAnEarlierUseOfTheSlot) {
  OperationTable table;
  Send first;
  Receive second;
  const std::uint64_t old = table.add(first);
  table.remove(first);
  EXPECT_EQ(table.find(old), nullptr);
  const std::uint64_t current = table.add(second);
  EXPECT_EQ(static_cast<std::uint32_t>(current), static_cast<std::uint32_t>(old)) << "the slot is used again";
  EXPECT_NE(current, old);
  EXPECT_EQ(table.find(old), nullptr);
  EXPECT_EQ(table.find(current), &second);
  table.remove(second);
}

TEST(OperationTable, TheSameOperationAskedAgainIsAnotherOne) {
  OperationTable table;
  Receive receive;
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(seen.insert(table.add(receive)).second);
    table.remove(receive);
  }
}

TEST(OperationTable, ReusesSlotsBeforeItGrows) {
  OperationTable table;
  std::deque<Send> operations(3000);
  for (int round = 0; round < 3; ++round) {
    std::set<std::uint32_t> slots;
    for (Send& one : operations) slots.insert(static_cast<std::uint32_t>(table.add(one)));
    EXPECT_EQ(slots.size(), operations.size());
    EXPECT_EQ(*slots.rbegin(), operations.size() - 1);
    for (Send& one : operations) table.remove(one);
  }
}

TEST(OperationTable, FindsNothingUnderValuesThatItNeverGave) {
  OperationTable table;
  Send send;
  const std::uint64_t user_data = table.add(send);
  EXPECT_EQ(table.find(user_data + 1), nullptr);
  EXPECT_EQ(table.find(user_data + (std::uint64_t{1} << 32)), nullptr);
  EXPECT_EQ(table.find(OperationTable::first_reserved_slot), nullptr);
  EXPECT_EQ(table.find(~std::uint64_t{0}), nullptr);
  table.remove(send);
}

TEST(OperationTableDeathTest, RefusesWhatIsAlreadyInTheKernel) {
  OperationTable table;
  Send send;
  table.add(send);
  EXPECT_DEATH(table.add(send), "asked for twice");
  table.remove(send);
}

TEST(OperationTableDeathTest, RefusesTheOperationOfAnotherRing) {
  OperationTable ours;
  OperationTable theirs;
  Send send;
  Send other;
  ours.add(send);
  theirs.add(other);
  EXPECT_DEATH(theirs.remove(send), "another ring");
  ours.remove(send);
  theirs.remove(other);
}

TEST(OperationDeathTest, DiesWhenItsOwnerGoesFirst) {
  OperationTable table;
  EXPECT_DEATH(
      {
        Send send;
        table.add(send);
      },
      "while the kernel held it");
}

}  // namespace
}  // namespace broker::io
