// SPDX-License-Identifier: Apache-2.0
#include "broker/io/fixed_files.h"

#include <sys/resource.h>

#include <algorithm>

#include "config/limits.h"

namespace broker::io {

void FixedFiles::open(io_uring& ring) {
  ring_ = &ring;
  rlimit descriptors{};
  ::getrlimit(RLIMIT_NOFILE, &descriptors);  // the kernel takes no larger table
  const auto size = std::min<std::size_t>(config::limits::fixed_files_max, descriptors.rlim_cur);
  if (io_uring_register_files_sparse(&ring, static_cast<unsigned>(size)) == 0) size_ = size;
}

bool FixedFiles::count(std::size_t fd) {
  if (fd >= size_) return false;
  if (fd >= uses_.size()) uses_.resize(fd + 1);
  if (uses_[fd] == refused || ++uses_[fd] < busy) return false;
  const bool done = update(fd, static_cast<int>(fd));
  uses_[fd] = done ? registered : refused;
  return done;
}

void FixedFiles::release(int fd) {
  const auto index = static_cast<std::size_t>(fd);
  if (index >= uses_.size()) return;
  if (uses_[index] == registered) update(index, -1);
  uses_[index] = 0;
}

bool FixedFiles::update(std::size_t fd, int value) {
  return io_uring_register_files_update(ring_, static_cast<unsigned>(fd), &value, 1) == 1;
}

}  // namespace broker::io
