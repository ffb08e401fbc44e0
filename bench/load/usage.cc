// SPDX-License-Identifier: Apache-2.0
#include "bench/load/usage.h"

#include <sys/resource.h>
#include <time.h>

#include <fstream>
#include <sstream>
#include <string_view>

namespace bench::load {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

std::int64_t read_clock(clockid_t clock) {
  timespec time{};
  if (clock_gettime(clock, &time) != 0) return 0;
  return time.tv_sec * second_ns + time.tv_nsec;
}

// The value of "Name:   123 kB" in bytes, 0 where there is no such line.
std::int64_t read_kilobytes(const std::string& path, std::string_view name) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!std::string_view(line).starts_with(name)) continue;
    std::istringstream rest(line.substr(name.size()));
    std::int64_t kilobytes = 0;
    rest >> kilobytes;
    return kilobytes * 1024;
  }
  return 0;
}

}  // namespace

std::optional<pid_t> Processes::missing() const {
  for (const pid_t pid : pids_) {
    clockid_t clock;
    if (clock_getcpuclockid(pid, &clock) != 0) return pid;
  }
  return std::nullopt;
}

std::int64_t Processes::cpu_ns() const {
  std::int64_t sum = 0;
  for (const pid_t pid : pids_) {
    clockid_t clock;
    if (clock_getcpuclockid(pid, &clock) == 0) sum += read_clock(clock);
  }
  return sum;
}

std::int64_t Processes::rss_bytes() const {
  std::int64_t sum = 0;
  for (const pid_t pid : pids_) {
    const std::string folder = "/proc/" + std::to_string(pid);
    // Counted page by page; the counters behind VmRSS lag by some hundred KiB.
    const std::int64_t exact = read_kilobytes(folder + "/smaps_rollup", "Rss:");
    sum += exact != 0 ? exact : read_kilobytes(folder + "/status", "VmRSS:");
  }
  return sum;
}

std::int64_t own_cpu_ns() { return read_clock(CLOCK_PROCESS_CPUTIME_ID); }

std::int64_t slab_bytes() { return read_kilobytes("/proc/meminfo", "Slab:"); }

std::int64_t monotonic_ns() { return read_clock(CLOCK_MONOTONIC); }

std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

}  // namespace bench::load
