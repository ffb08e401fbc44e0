// SPDX-License-Identifier: Apache-2.0
#include "broker/admin/process_stats.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace broker::admin {
namespace {

std::string read_file(const char* path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// proc(5), /proc/[pid]/stat: fields are counted from 1; the second is the name in parentheses and may hold anything.
std::vector<double> fields_of_stat() {
  const std::string text = read_file("/proc/self/stat");
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream rest(text.substr(name_end + 1));
  std::string state;
  rest >> state;
  std::vector<double> fields{0, 0, 0, 0};  // so that an index is proc(5)'s number; the state is field 3
  for (double value = 0; rest >> value;) fields.push_back(value);
  return fields;
}
constexpr std::size_t utime_field = 14;
constexpr std::size_t stime_field = 15;
constexpr std::size_t starttime_field = 22;  // in ticks since the machine's start
constexpr std::size_t vsize_field = 23;
constexpr std::size_t rss_field = 24;  // in pages

std::optional<double> boot_time_seconds() {
  std::istringstream text(read_file("/proc/stat"));
  for (std::string word; text >> word;) {
    double value = 0;
    if (word == "btime" && text >> value) return value;
  }
  return std::nullopt;
}

std::optional<double> count_open_fds() {
  DIR* directory = ::opendir("/proc/self/fd");
  if (directory == nullptr) return std::nullopt;
  double count = 0;
  while (const dirent* entry = ::readdir(directory)) {
    if (entry->d_name[0] != '.') ++count;
  }
  ::closedir(directory);
  return count - 1;  // the directory's own
}

}  // namespace

ProcessStats read_process_stats() {
  ProcessStats stats;
  stats.open_fds = count_open_fds();
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) stats.max_fds = static_cast<double>(limit.rlim_cur);
  const std::vector<double> fields = fields_of_stat();
  if (fields.size() <= rss_field) return stats;
  const auto ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  stats.cpu_seconds = (fields[utime_field] + fields[stime_field]) / ticks_per_second;
  stats.virtual_memory_bytes = fields[vsize_field];
  stats.resident_memory_bytes = fields[rss_field] * static_cast<double>(::sysconf(_SC_PAGESIZE));
  if (const auto boot = boot_time_seconds())
    stats.start_time_seconds = *boot + fields[starttime_field] / ticks_per_second;
  return stats;
}

}  // namespace broker::admin
