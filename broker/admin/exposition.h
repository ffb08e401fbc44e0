// SPDX-License-Identifier: Apache-2.0
// All metrics as Prometheus reads them: each row of base::metric_table() becomes a family, its slots summed over the
// shards or shown one a shard, plus main's own, build_info and the process's. Series exist from the start, at zero,
// because a rate over a series that appears with its first event misses that event. Thread: any; constant. Borrows: the
// metrics, which their shards change meanwhile. Limits: the number of series is fixed by the label names: it does not
// grow with topics, clients or time.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "broker/base/metrics.h"

namespace broker::admin {

struct LabelNames {
  std::vector<std::string> dialects;         // at most base::dialects_max, in the order of the dialects' indices
  std::vector<std::string> reasons;          // at most base::reasons_max, in the order of the enumerators
  std::vector<std::string> namespaces = {};  // at most base::namespaces_max
  std::vector<std::string> refusals = {};    // at most base::packet_refusals_max
};

inline constexpr std::string_view metric_prefix = "kodama_";

class Exposition final : public prometheus::Collectable {
 public:
  Exposition(std::span<const base::ShardMetrics* const> shards, const base::ReloadMetrics& reloads, LabelNames names,
             std::string version);

  [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override;
  // The text format, version 0.0.4.
  [[nodiscard]] std::string text() const;

 private:
  [[nodiscard]] prometheus::MetricFamily family_of(const base::MetricRow&) const;
  // The labels of a slot; none when one of its values has no name, and so cannot occur.
  [[nodiscard]] std::optional<std::vector<prometheus::ClientMetric::Label>> labels_of(const base::MetricRow&,
                                                                                      std::size_t slot) const;
  [[nodiscard]] std::optional<std::string> value_name(base::Label, std::size_t index) const;

  const std::span<const base::ShardMetrics* const> shards_;
  const base::ReloadMetrics& reloads_;
  const LabelNames names_;
  const std::string version_;
};

}  // namespace broker::admin
