// SPDX-License-Identifier: Apache-2.0
#include "broker/admin/exposition.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "broker/admin/process_stats.h"
#include "broker/base/check.h"

namespace broker::admin {
namespace {

using base::Histogram;
using base::Label;
using base::MetricRow;
using base::MetricType;
using base::ShardMetrics;
using prometheus::ClientMetric;
using prometheus::MetricFamily;

constexpr double seconds_per_nanosecond = 1e-9;

prometheus::MetricType type_of(MetricType type) {
  switch (type) {
    case MetricType::counter: return prometheus::MetricType::Counter;
    case MetricType::gauge: return prometheus::MetricType::Gauge;
    case MetricType::histogram: return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

void set_value(ClientMetric& metric, const MetricRow& row, std::span<const ShardMetrics* const> shards,
               std::size_t slot) {
  double sum = 0;
  for (const ShardMetrics* shard : shards) sum += row.value(*shard, slot);
  if (row.type == MetricType::counter) {
    metric.counter.value = sum * row.unit;
  } else {
    metric.gauge.value = sum * row.unit;
  }
}

// The count is made from the buckets, so that the two agree although the shard goes on counting.
void set_histogram(ClientMetric& metric, const MetricRow& row, std::span<const ShardMetrics* const> shards,
                   std::size_t slot) {
  std::array<std::uint64_t, Histogram::bucket_count> buckets{};
  double sum_ns = 0;
  for (const ShardMetrics* shard : shards) {
    const Histogram& histogram = *row.histogram(*shard, slot);
    for (std::size_t i = 0; i < buckets.size(); ++i) buckets[i] += histogram.bucket(i);
    sum_ns += static_cast<double>(histogram.sum_ns());
  }
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    cumulative += buckets[i];
    const bool last = i == Histogram::bounds_ns.size();
    // Divided, not multiplied: 1e-9 is not exact, and 0.05 must not read 0.050000000000000003.
    const double bound =
        last ? std::numeric_limits<double>::infinity() : static_cast<double>(Histogram::bounds_ns[i]) / 1e9;
    metric.histogram.bucket.push_back({cumulative, bound});
  }
  metric.histogram.sample_count = cumulative;
  metric.histogram.sample_sum = sum_ns * seconds_per_nanosecond;
}

void add_gauge(std::vector<MetricFamily>& families, std::string_view name, std::string help, std::int64_t value) {
  ClientMetric metric;
  metric.gauge.value = static_cast<double>(value);
  families.push_back(
      {std::string(metric_prefix).append(name), std::move(help), prometheus::MetricType::Gauge, {std::move(metric)}});
}

// Named as Prometheus names its own, so that the alerts that people have for it fit.
void add_reloads(std::vector<MetricFamily>& families, const base::ReloadMetrics& reloads) {
  MetricFamily total{std::string(metric_prefix).append("config_reloads_total"),
                     "Reloads of the configuration; those that failed changed nothing.",
                     prometheus::MetricType::Counter,
                     {}};
  for (const auto& [result, counter] : {std::pair("ok", &reloads.ok), std::pair("failed", &reloads.failed)}) {
    ClientMetric& metric = total.metric.emplace_back();
    metric.label = {{"result", result}};
    metric.counter.value = static_cast<double>(counter->value());
  }
  families.push_back(std::move(total));
  add_gauge(families, "config_last_reload_successful", "Whether the last reload of the configuration went well.",
            reloads.last_ok.value());
  add_gauge(families, "config_last_reload_success_timestamp_seconds",
            "When the configuration that is in force was loaded, since 1970.", reloads.last_ok_time_s.value());
}

void add_process(std::vector<MetricFamily>& families, std::string name, std::string help, MetricType type,
                 std::optional<double> value) {
  if (!value) return;
  ClientMetric metric;
  (type == MetricType::counter ? metric.counter.value : metric.gauge.value) = *value;
  families.push_back({std::move(name), std::move(help), type_of(type), {std::move(metric)}});
}

void add_process(std::vector<MetricFamily>& families) {
  const ProcessStats stats = read_process_stats();
  const auto add = [&families](const char* name, const char* help, MetricType type, std::optional<double> value) {
    add_process(families, name, help, type, value);
  };
  using enum MetricType;
  add("process_cpu_seconds_total", "CPU time that the process has used.", counter, stats.cpu_seconds);
  add("process_open_fds", "Descriptors that are open.", gauge, stats.open_fds);
  add("process_max_fds", "Descriptors that may be open.", gauge, stats.max_fds);
  add("process_resident_memory_bytes", "Memory that is resident.", gauge, stats.resident_memory_bytes);
  add("process_virtual_memory_bytes", "Memory that is mapped.", gauge, stats.virtual_memory_bytes);
  add("process_start_time_seconds", "When the process was started, since 1970.", gauge, stats.start_time_seconds);
}

}  // namespace

Exposition::Exposition(std::span<const ShardMetrics* const> shards, const base::ReloadMetrics& reloads,
                       LabelNames names, std::string version)
    : shards_(shards), reloads_(reloads), names_(std::move(names)), version_(std::move(version)) {
  KODAMA_CHECK(names_.dialects.size() <= base::dialects_max, names_.dialects.size());
  KODAMA_CHECK(names_.reasons.size() <= base::reasons_max, names_.reasons.size());
  KODAMA_CHECK(names_.namespaces.size() <= base::namespaces_max, names_.namespaces.size());
  KODAMA_CHECK(names_.refusals.size() <= base::packet_refusals_max, names_.refusals.size());
}

std::optional<std::string> Exposition::value_name(Label label, std::size_t index) const {
  const auto named = [index](const auto& names) -> std::optional<std::string> {
    if (index >= names.size()) return std::nullopt;
    return std::string(names[index]);
  };
  if (label == Label::dialect) return named(names_.dialects);
  if (label == Label::reason) return named(names_.reasons);
  if (label == Label::socket_namespace) return named(names_.namespaces);
  if (label == Label::refusal) return named(names_.refusals);
  return named(base::values_of(label));
}

std::optional<std::vector<ClientMetric::Label>> Exposition::labels_of(const MetricRow& row, std::size_t slot) const {
  std::vector<ClientMetric::Label> labels;
  for (auto label = row.labels.rbegin(); label != row.labels.rend(); ++label) {  // the last one runs fastest
    if (*label == Label::none) continue;
    auto value = value_name(*label, slot % base::dimension_of(*label));
    if (!value) return std::nullopt;
    labels.push_back({std::string(base::name_of(*label)), std::move(*value)});
    slot /= base::dimension_of(*label);
  }
  std::reverse(labels.begin(), labels.end());
  return labels;
}

MetricFamily Exposition::family_of(const MetricRow& row) const {
  MetricFamily family;
  family.name = std::string(metric_prefix).append(row.name);
  family.help = std::string(row.help);
  family.type = type_of(row.type);
  const auto add = [&](std::span<const ShardMetrics* const> shards, std::size_t slot,
                       std::vector<ClientMetric::Label> labels) {
    ClientMetric& metric = family.metric.emplace_back();
    metric.label = std::move(labels);
    if (row.type == MetricType::histogram) {
      set_histogram(metric, row, shards, slot);
    } else {
      set_value(metric, row, shards, slot);
    }
  };
  for (std::size_t slot = 0; slot < row.slot_count; ++slot) {
    auto labels = labels_of(row, slot);
    if (!labels) continue;
    if (!row.per_shard) {
      add(shards_, slot, std::move(*labels));
      continue;
    }
    for (std::size_t shard = 0; shard < shards_.size(); ++shard) {
      auto with_shard = *labels;
      with_shard.insert(with_shard.begin(), {"shard", std::to_string(shard)});
      add(shards_.subspan(shard, 1), slot, std::move(with_shard));
    }
  }
  return family;
}

std::vector<MetricFamily> Exposition::Collect() const {
  std::vector<MetricFamily> families;
  for (const MetricRow& row : base::metric_table()) families.push_back(family_of(row));
  ClientMetric build;
  build.label = {{"version", version_}};
  build.gauge.value = 1;
  families.push_back({std::string(metric_prefix).append("build_info"),
                      "The version that runs; always 1.",
                      prometheus::MetricType::Gauge,
                      {std::move(build)}});
  add_reloads(families, reloads_);
  add_process(families);
  return families;
}

std::string Exposition::text() const { return prometheus::TextSerializer().Serialize(Collect()); }

}  // namespace broker::admin
