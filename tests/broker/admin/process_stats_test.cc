// SPDX-License-Identifier: Apache-2.0
#include "broker/admin/process_stats.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <ctime>

#include "broker/base/owned_fd.h"

namespace broker::admin {
namespace {

TEST(ProcessStats, ReadsWhatTheKernelKnows) {
  const ProcessStats stats = read_process_stats();
  EXPECT_GE(stats.cpu_seconds.value(), 0);
  EXPECT_GE(stats.open_fds.value(), 3);
  EXPECT_GT(stats.max_fds.value(), stats.open_fds.value());
  EXPECT_GT(stats.resident_memory_bytes.value(), 100'000);
  EXPECT_GE(stats.virtual_memory_bytes.value(), stats.resident_memory_bytes.value());
  const auto now = static_cast<double>(std::time(nullptr));
  EXPECT_LE(stats.start_time_seconds.value(), now + 2);
  EXPECT_GT(stats.start_time_seconds.value(), now - 3600);
}

TEST(ProcessStats, CountsDescriptors) {
  const double before = read_process_stats().open_fds.value();
  const base::OwnedFd one(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const base::OwnedFd two(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(read_process_stats().open_fds.value(), before + 2);
}

}  // namespace
}  // namespace broker::admin
