// SPDX-License-Identifier: Apache-2.0
#include "broker/base/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <thread>

namespace broker::base {
namespace {

using namespace std::chrono_literals;

const MetricRow& row(std::string_view name) {
  for (const MetricRow& candidate : metric_table()) {
    if (candidate.name == name) return candidate;
  }
  ADD_FAILURE() << "no metric " << name;
  return metric_table().front();
}

TEST(Counter, AddsAndTakesTotals) {
  Counter counter;
  counter.add();
  counter.add(41);
  EXPECT_EQ(counter.value(), 42u);
  counter.set_total(100);
  EXPECT_EQ(counter.value(), 100u);
}

TEST(Gauge, GoesUpAndDown) {
  Gauge gauge;
  gauge.add(5);
  gauge.sub();
  EXPECT_EQ(gauge.value(), 4);
  gauge.sub(10);
  EXPECT_EQ(gauge.value(), -6);
  gauge.set(7);
  EXPECT_EQ(gauge.value(), 7);
}

TEST(Histogram, PutsABoundIntoItsOwnBucket) {
  struct Case {
    std::chrono::nanoseconds duration;
    std::size_t bucket;
  };
  const Case cases[] = {{-1ns, 0}, {0ns, 0},   {1ns, 0}, {50us, 0}, {50us + 1ns, 1}, {100us, 1},
                        {1ms, 4},  {600us, 4}, {1s, 13}, {10s, 16}, {10s + 1ns, 17}, {1h, 17}};
  for (const Case& c : cases) {
    Histogram histogram;
    histogram.observe(c.duration);
    for (std::size_t i = 0; i < Histogram::bucket_count; ++i) {
      EXPECT_EQ(histogram.bucket(i), i == c.bucket ? 1u : 0u) << c.duration.count() << " in " << i;
    }
  }
}

TEST(Histogram, CountsAndSumsWithWeight) {
  Histogram histogram;
  histogram.observe(2ms, 3);
  histogram.observe(1s);
  EXPECT_EQ(histogram.count(), 4u);
  EXPECT_EQ(histogram.sum_ns(), 1'006'000'000u);
}

TEST(Histogram, HasAscendingBounds) {
  EXPECT_TRUE(std::is_sorted(Histogram::bounds_ns.begin(), Histogram::bounds_ns.end()));
  EXPECT_EQ(std::chrono::nanoseconds(Histogram::bounds_ns.front()), 50us);
  EXPECT_EQ(std::chrono::nanoseconds(Histogram::bounds_ns.back()), 10s);
}

TEST(Family, KeepsEveryCombinationOfLabelsApart) {
  Family<Counter, 2, 3> family;
  for (std::size_t i = 0; i < 2; ++i) {
    for (std::size_t j = 0; j < 3; ++j) family(i, j).add(10 * i + j + 1);
  }
  std::vector<std::uint64_t> values;
  for (const Counter& counter : family.slots()) values.push_back(counter.value());
  EXPECT_THAT(values, testing::ElementsAre(1, 2, 3, 11, 12, 13));
}

TEST(FamilyDeathTest, RefusesAValueThatALabelDoesNotHave) {
  Family<Counter, 2> family;
  EXPECT_DEATH(family[2].add(), "2 of 2");
}

TEST(MetricTable, NamesEveryMetricOnceInTheStyleOfPrometheus) {
  std::set<std::string_view> names;
  for (const MetricRow& metric : metric_table()) {
    EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
    EXPECT_EQ(metric.type == MetricType::counter, metric.name.ends_with("_total")) << metric.name;
    EXPECT_TRUE(metric.help.ends_with('.')) << metric.name;
    EXPECT_EQ(metric.type == MetricType::histogram, metric.value == nullptr) << metric.name;
    EXPECT_EQ(metric.type == MetricType::histogram, metric.histogram != nullptr) << metric.name;
  }
}

// Every slot of ShardMetrics is found under exactly one name: what is counted is shown.
TEST(MetricTable, CoversTheWholeOfShardMetrics) {
  std::size_t bytes = 0;
  for (const MetricRow& metric : metric_table()) {
    bytes += metric.slot_count * (metric.histogram != nullptr ? sizeof(Histogram) : sizeof(Counter));
  }
  EXPECT_LE(bytes, sizeof(ShardMetrics));
  EXPECT_LT(sizeof(ShardMetrics) - bytes, alignof(ShardMetrics)) << "a member has no row";
}

TEST(MetricTable, HasAsManySlotsAsItsLabelsHaveValues) {
  for (const MetricRow& metric : metric_table()) {
    std::size_t slots = 1;
    for (const Label label : metric.labels) {
      EXPECT_EQ(name_of(label).empty(), label == Label::none);
      slots *= dimension_of(label);
    }
    EXPECT_EQ(metric.slot_count, slots) << metric.name;
  }
}

TEST(MetricTable, ReadsTheSlotOfItsLabels) {
  const auto shard = std::make_unique<ShardMetrics>();
  shard->connections(Transport::wss, 3).add(7);
  EXPECT_EQ(row("connections").value(*shard, 1 * dialects_max + 3), 7);
  shard->tls_handshakes(TlsVersion::tls1_3, true, TlsResult::failed).add(9);
  EXPECT_EQ(row("tls_handshakes_total").value(*shard, 7), 9);
  shard->connections_closed[5].add(2);
  EXPECT_EQ(row("connections_closed_total").value(*shard, 5), 2);
  shard->fanout_latency[true].observe(1ms);
  EXPECT_EQ(row("fanout_latency_seconds").histogram(*shard, 1)->count(), 1u);
  shard->shard_busy_ns.add(1'500'000'000);
  const MetricRow& busy = row("shard_busy_seconds_total");
  EXPECT_DOUBLE_EQ(busy.value(*shard, 0) * busy.unit, 1.5);
}

// The admin thread reads while the shard writes; ThreadSanitizer is the judge, and no value ever goes back.
TEST(ShardMetrics, AreReadByAnotherThreadWhileTheyChange) {
  const auto shard = std::make_unique<ShardMetrics>();
  std::thread writer([&] {
    for (int i = 0; i < 100'000; ++i) {
      shard->deliveries[1].add();
      shard->fanout_latency[false].observe(std::chrono::microseconds(i % 1000));
    }
  });
  double last = 0;
  while (last < 100'000) {
    const double now = row("deliveries_total").value(*shard, 1);
    ASSERT_GE(now, last);
    last = now;
  }
  writer.join();
  EXPECT_EQ(shard->fanout_latency[false].count(), 100'000u);
}

}  // namespace
}  // namespace broker::base
