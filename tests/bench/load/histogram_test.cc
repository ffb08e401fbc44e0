// SPDX-License-Identifier: Apache-2.0
#include "bench/load/histogram.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>

namespace bench::load {
namespace {

TEST(Histogram, IsExactForSmallValues) {
  for (std::uint64_t value = 0; value < 256; ++value) {
    Histogram histogram;
    histogram.record(value);
    histogram.record(1'000'000);
    EXPECT_EQ(histogram.quantile(0.5), value);
  }
}

TEST(Histogram, TellsAQuantileNotBelowAndLessThanAHundredthAboveIt) {
  std::mt19937_64 random(1);
  for (unsigned width = 1; width <= 63; ++width) {
    for (int round = 0; round < 200; ++round) {
      const std::uint64_t value = (random() >> (64 - width)) | std::uint64_t{1} << (width - 1);
      Histogram histogram;
      histogram.record(value);
      histogram.record(UINT64_MAX);
      const std::uint64_t told = histogram.quantile(0.5);
      EXPECT_GE(told, value);
      EXPECT_LE(static_cast<double>(told - value), static_cast<double>(value) / 100);
    }
  }
}

TEST(Histogram, KeepsTheLargestValueThereIs) {
  Histogram histogram;
  histogram.record(UINT64_MAX);
  EXPECT_EQ(histogram.max(), UINT64_MAX);
  EXPECT_EQ(histogram.quantile(1), UINT64_MAX);
}

TEST(Histogram, OrdersQuantilesAndCountsEachValueOnce) {
  Histogram histogram;
  for (std::uint64_t value = 1; value <= 10'000; ++value) histogram.record(value * 1000);
  EXPECT_EQ(histogram.count(), 10'000u);
  EXPECT_NEAR(histogram.mean(), 5'000'500, 1);
  EXPECT_NEAR(static_cast<double>(histogram.quantile(0.5)), 5e6, 5e4);
  EXPECT_NEAR(static_cast<double>(histogram.quantile(0.99)), 9.9e6, 9.9e4);
  EXPECT_EQ(histogram.quantile(1), 10'000'000u);
  std::uint64_t sum = 0;
  std::uint64_t last = 0;
  for (const auto& [upper, count] : histogram.buckets()) {
    EXPECT_GT(upper, last);
    last = upper;
    sum += count;
  }
  EXPECT_EQ(sum, 10'000u);
}

TEST(Histogram, OfNothingTellsZero) {
  const Histogram histogram;
  EXPECT_EQ(histogram.quantile(0.99), 0u);
  EXPECT_EQ(histogram.mean(), 0);
  EXPECT_TRUE(histogram.buckets().empty());
}

}  // namespace
}  // namespace bench::load
