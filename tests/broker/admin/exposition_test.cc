// SPDX-License-Identifier: Apache-2.0
#include "broker/admin/exposition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>

#include "absl/strings/str_format.h"
#include "broker/base/owned_fd.h"

namespace broker::admin {
namespace {

using namespace std::chrono_literals;
using base::Label;
using base::MetricRow;
using base::MetricType;
using testing::HasSubstr;

class ExpositionTest : public testing::Test {
 protected:
  [[nodiscard]] std::string text() const {
    return Exposition(shards_, reloads_, {{"http", "raw", "native"}, {"peer_closed", "slow_consumer"}}, "1.2.3").text();
  }
  base::ReloadMetrics reloads_;
  base::ShardMetrics metrics_[2];
  const base::ShardMetrics* const shards_[2] = {&metrics_[0], &metrics_[1]};
};

TEST_F(ExpositionTest, ShowsEverySeriesFromTheStart) {
  const std::string shown = text();
  for (const MetricRow& row : base::metric_table()) {
    EXPECT_THAT(shown,
                HasSubstr(absl::StrFormat("# HELP kodama_%s %s\n# TYPE kodama_%s ", row.name, row.help, row.name)));
  }
  EXPECT_THAT(shown, HasSubstr("\nkodama_topics 0\n"));
  EXPECT_THAT(shown, HasSubstr("\nkodama_connections{transport=\"https\",dialect=\"native\"} 0\n"));
  EXPECT_THAT(shown, HasSubstr("\nkodama_connections_closed_total{reason=\"slow_consumer\"} 0\n"));
  EXPECT_THAT(shown,
              HasSubstr("\nkodama_tls_handshakes_total{version=\"TLSv1.2\",resumed=\"true\",result=\"failed\"} 0\n"));
  EXPECT_THAT(shown, HasSubstr("\nkodama_ring_enters_total{shard=\"1\"} 0\n"));
  EXPECT_THAT(shown, HasSubstr("\nkodama_mailbox_entries{shard=\"0\",kind=\"delivery\"} 0\n"));
  EXPECT_THAT(shown, HasSubstr("\nkodama_build_info{version=\"1.2.3\"} 1\n"));
  for (const char* name : {"cpu_seconds_total", "open_fds", "max_fds", "resident_memory_bytes", "virtual_memory_bytes",
                           "start_time_seconds"}) {
    EXPECT_THAT(shown, HasSubstr(absl::StrFormat("\nprocess_%s ", name)));
  }
}

TEST_F(ExpositionTest, SumsTheShardsOrShowsThemApart) {
  metrics_[0].connections(base::Transport::wss, 2).add(3);
  metrics_[1].connections(base::Transport::wss, 2).add(4);
  metrics_[0].deliveries[1].add(10);
  metrics_[1].deliveries[1].add(20);
  metrics_[0].shard_busy_ns.add(1'500'000'000);
  metrics_[1].shard_turns.add(9);
  const std::string shown = text();
  EXPECT_THAT(shown, HasSubstr("\nkodama_connections{transport=\"wss\",dialect=\"native\"} 7\n"));
  EXPECT_THAT(shown, HasSubstr("\nkodama_deliveries_total{dialect=\"raw\"} 30\n"));
  EXPECT_THAT(shown, HasSubstr("\nkodama_shard_busy_seconds_total{shard=\"0\"} 1.5\n"));
  EXPECT_THAT(shown, HasSubstr("\nkodama_shard_turns_total{shard=\"0\"} 0\n"));
  EXPECT_THAT(shown, HasSubstr("\nkodama_shard_turns_total{shard=\"1\"} 9\n"));
}

TEST_F(ExpositionTest, ShowsAHistogramCumulatively) {
  metrics_[0].fanout_latency[false].observe(40us, 2);
  metrics_[1].fanout_latency[false].observe(300us);
  metrics_[1].fanout_latency[false].observe(20s);
  const std::string shown = text();
  EXPECT_THAT(shown, HasSubstr("\nkodama_fanout_latency_seconds_count{backlogged=\"false\"} 4\n"));
  EXPECT_THAT(shown, HasSubstr("\nkodama_fanout_latency_seconds_sum{backlogged=\"false\"} 20.00038"));
  EXPECT_THAT(shown, HasSubstr("\nkodama_fanout_latency_seconds_bucket{backlogged=\"false\",le=\"5e-05\"} 2\n"));
  EXPECT_THAT(shown, HasSubstr("\nkodama_fanout_latency_seconds_bucket{backlogged=\"false\",le=\"0.00025\"} 2\n"));
  EXPECT_THAT(shown, HasSubstr("\nkodama_fanout_latency_seconds_bucket{backlogged=\"false\",le=\"0.0005\"} 3\n"));
  EXPECT_THAT(shown, HasSubstr("\nkodama_fanout_latency_seconds_bucket{backlogged=\"false\",le=\"10\"} 3\n"));
  EXPECT_THAT(shown, HasSubstr("\nkodama_fanout_latency_seconds_bucket{backlogged=\"false\",le=\"+Inf\"} 4\n"));
  EXPECT_THAT(shown, HasSubstr("\nkodama_fanout_latency_seconds_count{backlogged=\"true\"} 0\n"));
}

// notes of the house: no more than 1000 series of one process, here with 8 shards and as many reasons as there may be.
TEST_F(ExpositionTest, HasABoundedNumberOfSeries) {
  const std::vector<const base::ShardMetrics*> eight(8, &metrics_[0]);
  LabelNames names;
  for (int i = 0; i < 6; ++i) names.dialects.push_back("dialect" + std::to_string(i));
  for (int i = 0; i < 40; ++i) names.reasons.push_back("reason" + std::to_string(i));
  std::size_t series = 0;
  std::istringstream lines(Exposition(eight, reloads_, names, "1").text());
  for (std::string line; std::getline(lines, line);) series += line.starts_with('#') ? 0 : 1;
  EXPECT_LT(series, 1000u);
}

TEST_F(ExpositionTest, EscapesTheVersion) {
  EXPECT_THAT(Exposition(shards_, reloads_, {}, "a\"b\nc").text(),
              HasSubstr("kodama_build_info{version=\"a\\\"b\\nc\"} 1\n"));
}

struct ToolResult {
  int status = -1;
  std::string output;
};

ToolResult run(const std::string& command) {
  ToolResult result;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return result;
  char block[4096];
  for (std::size_t n = 0; (n = std::fread(block, 1, sizeof block, pipe)) > 0;) result.output.append(block, n);
  result.status = ::pclose(pipe);
  return result;
}

TEST_F(ExpositionTest, PleasesPromtool) {
  if (run("command -v promtool").status != 0) GTEST_SKIP() << "promtool is not installed";
  metrics_[0].fanout_latency[true].observe(1ms, 5);
  metrics_[1].queue_bytes.add(123'456'789'012);
  char path[] = "/tmp/kodama-metrics-XXXXXX";
  const base::OwnedFd file(::mkstemp(path));
  ASSERT_TRUE(static_cast<bool>(file));
  std::ofstream(path) << text();
  const ToolResult result = run(absl::StrFormat("promtool check metrics < %s 2>&1", path));
  ::unlink(path);
  EXPECT_EQ(result.output, "");
  EXPECT_EQ(result.status, 0);
}

std::string labels_text(const MetricRow& row) {
  std::string text = row.per_shard ? "`shard`" : "";
  for (const Label label : row.labels) {
    if (label == Label::none) continue;
    if (!text.empty()) text += ", ";
    absl::StrAppendFormat(&text, "`%s`", base::name_of(label));
    std::string values;
    for (const std::string_view value : base::values_of(label))
      absl::StrAppendFormat(&values, "%s`%s`", values.empty() ? "" : ", ", value);
    if (!values.empty()) absl::StrAppendFormat(&text, " (%s)", values);
  }
  return text;
}

TEST(Readme, HoldsTheTableOfMetrics) {
  std::string table = "| metric | type | labels | what it says |\n|---|---|---|---|\n";
  for (const MetricRow& row : base::metric_table()) {
    const char* type = row.type == MetricType::counter ? "counter"
                       : row.type == MetricType::gauge ? "gauge"
                                                       : "histogram";
    absl::StrAppendFormat(&table, "| `kodama_%s` | %s | %s | %s |\n", row.name, type, labels_text(row), row.help);
  }
  std::string path = __FILE__;
  path.erase(path.rfind("/tests/"));
  std::ostringstream readme;
  readme << std::ifstream(path + "/broker/admin/README.md").rdbuf();
  EXPECT_THAT(readme.str(), HasSubstr(table)) << "the table that belongs into broker/admin/README.md:\n" << table;
}

}  // namespace
}  // namespace broker::admin
