// SPDX-License-Identifier: Apache-2.0
// What this machine, or the container, allows the process.
// Thread: the main thread, at the start.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace broker::base {

// The processors that the process may run on, by number.
[[nodiscard]] std::vector<int> allowed_processors();
// How many processors' worth of time the cgroup grants (cpu.max), rounded down, at least 1; 0 without a quota.
[[nodiscard]] std::uint32_t processor_quota();
// The same, of a cpu.max file's text: "250000 100000" is 2.
[[nodiscard]] std::uint32_t parse_processor_quota(std::string_view cpu_max);

// Which of the allowed processors to pin that many shards to, one each. None where shards share processors, and none
// where the quota (0: there is none) is of fewer than all: it is time on any of them, and other containers with a quota
// would be pinned to the same first ones.
[[nodiscard]] std::vector<int> processors_to_pin(std::vector<int> allowed, std::uint32_t quota, std::uint32_t shards);
// Ties the calling thread to one processor. False: the kernel refused; the thread runs wherever it may.
bool pin_to(int processor);

// Bytes of memory that the process may take: the cgroup's limit, or what the machine has, whichever is less.
[[nodiscard]] std::uint64_t memory_limit();
// The same, of the text of a memory.max file (or cgroup v1's memory.limit_in_bytes) and what the machine has.
[[nodiscard]] std::uint64_t parse_memory_limit(std::string_view memory_max, std::uint64_t machine_bytes);

// Raises the limit of open descriptors to the hard one, since containers start with 1024. Returns the limit in force.
[[nodiscard]] std::uint64_t raise_descriptor_limit();

}  // namespace broker::base
