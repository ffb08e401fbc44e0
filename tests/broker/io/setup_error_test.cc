// SPDX-License-Identifier: Apache-2.0
#include "broker/io/setup_error.h"

#include <cerrno>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace broker::io {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

struct Row {
  const char* name;
  SetupFailure failure;
  std::vector<std::string> says;
  std::vector<std::string> not_says;
};

TEST(SetupError, NamesTheCauseAndTheFix) {
  const Row rows[] = {
      {"nobody may", {.error = EPERM, .io_uring_disabled = 2}, {"io_uring_disabled is 2", "sysctl -w"}, {"seccomp"}},
      {"only a group may", {.error = EPERM, .io_uring_disabled = 1}, {"is 1", "kernel.io_uring_group"}, {"seccomp"}},
      {"the sysctl allows it", {.error = EPERM, .io_uring_disabled = 0}, {"seccomp", "io_uring_enter"}, {"sysctl"}},
      {"no such sysctl", {.error = EPERM, .io_uring_disabled = -1}, {"seccomp", "Docker"}, {"sysctl"}},
      {"hidden", {.error = ENOSYS}, {"built without io_uring", "podman", "CRI-O"}, {}},
      {"locked memory",
       {.error = ENOMEM, .memlock_limit = 65536, .memlock_needed = 118784},
       {"RLIMIT_MEMLOCK is 64 KiB", "needs 116 KiB", "ulimit -l", "CAP_IPC_LOCK"},
       {}},
      {"old kernel", {.error = EINVAL}, {"Linux 6.1 or newer"}, {}},
      {"process's descriptors", {.error = EMFILE}, {"ulimit -n"}, {}},
      {"host's descriptors", {.error = ENFILE}, {"fs.file-max"}, {}},
      {"anything else", {.error = EIO}, {"Input/output error"}, {}},
  };
  for (Row row : rows) {
    SCOPED_TRACE(row.name);
    row.failure.step = "io_uring_setup";
    const std::string text = explain_setup_error(row.failure);
    EXPECT_THAT(text, HasSubstr("io_uring_setup: "));
    for (const std::string& part : row.says) EXPECT_THAT(text, HasSubstr(part));
    for (const std::string& part : row.not_says) EXPECT_THAT(text, Not(HasSubstr(part)));
  }
}

// Measured on Linux 6.18 as the smallest limits under which the ring is created.
TEST(SetupError, KnowsWhatARingIsCharged) {
  EXPECT_EQ(memlock_needed(512, 4096, 0), 100u * 1024);
  EXPECT_EQ(memlock_needed(512, 4096, 1024), 116u * 1024);
  EXPECT_EQ(memlock_needed(1024, 16384, 0), 328u * 1024);
  EXPECT_EQ(memlock_needed(4096, 32768, 0), 788u * 1024);
  EXPECT_EQ(memlock_needed(64, 128, 0), 8u * 1024);
}

}  // namespace
}  // namespace broker::io
