// SPDX-License-Identifier: Apache-2.0
// What the kernel knows about this process, under the names that every Prometheus client library gives it.
// Thread: any. Errors: what /proc does not tell is left out.
#pragma once

#include <optional>

namespace broker::admin {

struct ProcessStats {
  std::optional<double> cpu_seconds;
  std::optional<double> open_fds;
  std::optional<double> max_fds;
  std::optional<double> resident_memory_bytes;
  std::optional<double> virtual_memory_bytes;
  std::optional<double> start_time_seconds;  // since 1970
};

[[nodiscard]] ProcessStats read_process_stats();

}  // namespace broker::admin
