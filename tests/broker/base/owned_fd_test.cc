// SPDX-License-Identifier: Apache-2.0
#include "broker/base/owned_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace broker::base {
namespace {

int open_null() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }
bool is_open(int fd) { return ::fcntl(fd, F_GETFD) != -1; }

TEST(OwnedFd, ClosesWhatItOwns) {
  const int fd = open_null();
  {
    const OwnedFd owner(fd);
    EXPECT_TRUE(is_open(fd));
    EXPECT_EQ(owner.get(), fd);
  }
  EXPECT_FALSE(is_open(fd));
}

TEST(OwnedFd, MovesAndReleases) {
  const int first = open_null();
  const int second = open_null();
  OwnedFd a(first);
  OwnedFd b(second);
  b = std::move(a);
  EXPECT_FALSE(is_open(second));
  EXPECT_EQ(b.get(), first);
  const int released = b.release();
  EXPECT_FALSE(static_cast<bool>(b));
  EXPECT_TRUE(is_open(released));
  const OwnedFd closes(released);
}

}  // namespace
}  // namespace broker::base
