// SPDX-License-Identifier: Apache-2.0
// Counts and logs what Socket.IO's sessions see (proto/socketio/observer.h).
// Thread: the shard. Borrows: the log and the metrics.
// Limits: limits::unmatched_events_told names are logged; the others are counted alone.
#pragma once

#include <span>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "broker/base/log.h"
#include "broker/base/metrics.h"
#include "proto/socketio/observer.h"

namespace broker::shard {

class SessionObserver final : public proto::socketio::Observer {
 public:
  SessionObserver(std::span<const std::string> namespaces, base::ShardMetrics& metrics, base::LogSink& log)
      : namespaces_(namespaces), metrics_(metrics), log_(log) {}

  void connected(std::string_view nsp) override;
  void disconnected(std::string_view nsp) override;
  void recovered(std::string_view nsp, Recovery result) override;
  void unmatched(std::string_view nsp, std::string_view event) override;
  void refused(std::string_view nsp, std::string_view label) override;

 private:
  [[nodiscard]] std::size_t index_of(std::string_view nsp) const;

  const std::span<const std::string> namespaces_;
  base::ShardMetrics& metrics_;
  base::LogSink& log_;
  absl::flat_hash_set<std::string> told_;  // namespaces with events
};

}  // namespace broker::shard
