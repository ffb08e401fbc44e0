// SPDX-License-Identifier: Apache-2.0
#include "broker/base/machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace broker::base {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Machine, AQuotaIsWholeProcessorsAndAtLeastOne) {
  EXPECT_EQ(parse_processor_quota("250000 100000\n"), 2u);
  EXPECT_EQ(parse_processor_quota("50000 100000\n"), 1u);
  EXPECT_EQ(parse_processor_quota("max 100000\n"), 0u);
  for (const char* nonsense : {"", "100000", "100000 0", "a b"}) EXPECT_EQ(parse_processor_quota(nonsense), 0u);
}

TEST(Machine, ShardsArePinnedToProcessorsOfTheirOwn) {
  EXPECT_THAT(processors_to_pin({3, 5}, 0, 2), ElementsAre(3, 5));
  EXPECT_THAT(processors_to_pin({3, 5}, 0, 1), ElementsAre(3, 5));
  EXPECT_THAT(processors_to_pin({3, 5}, 2, 2), ElementsAre(3, 5));  // a quota of all, as with exclusive processors
  EXPECT_THAT(processors_to_pin({3, 5}, 0, 4), IsEmpty());          // two shards on each
}

TEST(Machine, UnderAQuotaOfSomeProcessorsNothingIsPinned) {
  EXPECT_THAT(processors_to_pin({0, 1, 2, 3}, 2, 2), IsEmpty());
  EXPECT_THAT(processors_to_pin({0, 1, 2, 3}, 1, 1), IsEmpty());
}

TEST(Machine, AContainersMemoryIsItsLimitOrTheMachinesWhicheverIsLess) {
  constexpr std::uint64_t machine = std::uint64_t{8} << 30;
  struct Case {
    const char* memory_max;
    std::uint64_t bytes;
  };
  for (const auto& [memory_max, bytes] : {Case{"1073741824\n", 1 << 30},
                                          {"1073741824", 1 << 30},
                                          {"max\n", machine},
                                          {"9223372036854771712\n", machine},   // cgroup v1 without a limit
                                          {"18446744073709551616\n", machine},  // no number of 64 bits
                                          {"", machine},                        // there is no such file
                                          {"0\n", machine},
                                          {"-1\n", machine},
                                          {"1 GiB\n", machine}}) {
    EXPECT_EQ(parse_memory_limit(memory_max, machine), bytes) << memory_max;
  }
}

TEST(Machine, HasMemory) { EXPECT_GE(memory_limit(), std::uint64_t{1} << 20); }

}  // namespace
}  // namespace broker::base
