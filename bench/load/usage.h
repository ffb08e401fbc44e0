// SPDX-License-Identifier: Apache-2.0
// What processes and the kernel use: CPU time to the nanosecond, resident memory, slab.
//
// Thread: any. Owns: nothing of the processes. Errors: a process that is gone counts 0: find() tells those that are not
// there.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bench::load {

class Processes {
 public:
  explicit Processes(std::vector<pid_t> pids) : pids_(std::move(pids)) {}

  // The first of them that cannot be measured.
  [[nodiscard]] std::optional<pid_t> missing() const;
  // The kernel's own account of all of their threads, ended ones too, not a sample of ticks.
  [[nodiscard]] std::int64_t cpu_ns() const;
  [[nodiscard]] std::int64_t rss_bytes() const;

 private:
  std::vector<pid_t> pids_;
};

// Of this process: all of its threads.
[[nodiscard]] std::int64_t own_cpu_ns();
// All of the machine's, /proc/meminfo's Slab: both ends of loopback connections are in it.
[[nodiscard]] std::int64_t slab_bytes();
[[nodiscard]] std::int64_t monotonic_ns();
// Raises the soft limit of descriptors to the hard one.
// Returns the limit that holds.
std::uint64_t raise_descriptor_limit();

}  // namespace bench::load
