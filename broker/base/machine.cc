// SPDX-License-Identifier: Apache-2.0
#include "broker/base/machine.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/numbers.h"
#include "broker/base/strings.h"

namespace broker::base {

std::vector<int> allowed_processors() {
  std::vector<int> processors;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) == 0) {
    for (int processor = 0; processor < CPU_SETSIZE; ++processor) {
      if (CPU_ISSET(processor, &set)) processors.push_back(processor);
    }
  }
  if (processors.empty()) processors.push_back(0);
  return processors;
}

std::uint32_t processor_quota() {
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  return parse_processor_quota(text);
}

std::uint32_t parse_processor_quota(std::string_view cpu_max) {
  const std::size_t space = cpu_max.find(' ');
  if (space == std::string_view::npos) return 0;
  std::uint64_t quota = 0;
  std::uint64_t period = 0;
  if (!absl::SimpleAtoi(to_absl(cpu_max.substr(0, space)), &quota)) return 0;  // "max"
  if (!absl::SimpleAtoi(to_absl(cpu_max.substr(space + 1)), &period) || period == 0) return 0;
  return static_cast<std::uint32_t>(std::max<std::uint64_t>(1, quota / period));
}

std::vector<int> processors_to_pin(std::vector<int> allowed, std::uint32_t quota, std::uint32_t shards) {
  const bool shared = shards > allowed.size();
  const bool rationed = quota > 0 && quota < allowed.size();
  if (shared || rationed) allowed.clear();
  return allowed;
}

std::uint64_t memory_limit() {
  std::uint64_t least =
      static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  for (const char* path : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    std::ifstream file(path);
    least = parse_memory_limit(std::string(std::istreambuf_iterator<char>(file), {}), least);
  }
  return least;
}

std::uint64_t parse_memory_limit(std::string_view memory_max, std::uint64_t machine_bytes) {
  std::uint64_t bytes = 0;
  if (!absl::SimpleAtoi(to_absl(memory_max), &bytes) || bytes == 0) return machine_bytes;  // "max", or no such file
  return std::min(bytes, machine_bytes);
}

bool pin_to(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  return ::pthread_setaffinity_np(::pthread_self(), sizeof set, &set) == 0;
}

std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  if (limit.rlim_cur < limit.rlim_max) {
    const rlimit raised{.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  return limit.rlim_cur;
}

}  // namespace broker::base
