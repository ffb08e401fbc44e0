// SPDX-License-Identifier: Apache-2.0
// How a ring begins, and what is said when the host does not allow one. Each refusal happens in a child process.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <cstdio>
#include <cstdlib>

#include "gmock/gmock.h"
#include "uring_fixture.h"

namespace broker::io {
namespace {

using ::testing::HasSubstr;
using testing::UringTest;

// As a container runtime's profile does.
void deny(unsigned call, unsigned error) {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{.len = 4, .filter = program};
  KODAMA_CHECK(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  KODAMA_CHECK(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0);
}

[[noreturn]] void create_and_tell() {
  const UringRing::Created created = UringRing::create();
  std::fprintf(stderr, "%s\n", created.ring ? "created" : created.error.c_str());
  std::_Exit(created.ring ? 0 : 1);
}

using UringSetupDeathTest = UringTest;

const ::testing::ExitedWithCode failed(1);

TEST_F(UringSetupDeathTest, SaysThatSeccompDenies) {
  EXPECT_EXIT((deny(SYS_io_uring_setup, EPERM), create_and_tell()), failed, "io_uring_setup: .*seccomp.*Docker");
  EXPECT_EXIT((deny(SYS_io_uring_register, EPERM), create_and_tell()), failed, "io_uring_register .*seccomp");
  EXPECT_EXIT((deny(SYS_io_uring_enter, EPERM), create_and_tell()), failed, "io_uring_enter: .*seccomp");
}

TEST_F(UringSetupDeathTest, SaysThatItIsHidden) {
  EXPECT_EXIT((deny(SYS_io_uring_setup, ENOSYS), create_and_tell()), failed, "io_uring_setup: .*podman");
}

TEST_F(UringSetupDeathTest, SaysThatTheKernelIsOld) {
  EXPECT_EXIT((deny(SYS_io_uring_setup, EINVAL), create_and_tell()), failed, "Linux 6.1");
}

TEST_F(UringSetupDeathTest, SaysHowMuchLockedMemoryIsMissingAfterTrying) {
  EXPECT_EXIT((deny(SYS_io_uring_setup, ENOMEM), create_and_tell()), failed, "needs 116 KiB");
}

TEST_F(UringSetupDeathTest, SaysThatDescriptorsRanOut) {
  const auto run_out = [] {
    const rlimit none{.rlim_cur = 3, .rlim_max = 3};
    ::setrlimit(RLIMIT_NOFILE, &none);
  };
  EXPECT_EXIT((run_out(), create_and_tell()), failed, "ulimit -n");
}

TEST_F(UringTest, DescribesItself) {
  EXPECT_THAT(ring_->describe(), HasSubstr("io_uring on Linux "));
  EXPECT_THAT(ring_->describe(), HasSubstr("512 submissions, 4096 completions, 1024 receive buffers of 2048 bytes"));
}

TEST_F(UringTest, CanBeMadeAgainAndAgain) {
  for (int i = 0; i < 100; ++i) {
    ring_.reset();
    create({});
    if (IsSkipped()) return;
  }
  ring_->wait(std::chrono::nanoseconds{0});
  EXPECT_EQ(ring_->run(), 0u);
}

}  // namespace
}  // namespace broker::io
