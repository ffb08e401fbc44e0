// SPDX-License-Identifier: Apache-2.0
// Why the kernel refused a ring, in words that let an operator repair it: who forbids it (the container runtime's
// seccomp profile, kernel.io_uring_disabled, the kernel's age, RLIMIT_MEMLOCK) and what to change.
// Thread: any; pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace broker::io {

struct SetupFailure {
  int error = 0;                     // errno
  std::string_view step = {};        // what was refused: "io_uring_setup", "io_uring_register", …
  int io_uring_disabled = -1;        // /proc/sys/kernel/io_uring_disabled; -1: there is none (before Linux 6.6)
  std::uint64_t memlock_limit = 0;   // RLIMIT_MEMLOCK's soft limit, bytes
  std::uint64_t memlock_needed = 0;  // by one shard's ring, bytes
};

std::string explain_setup_error(const SetupFailure&);

// What a ring of these sizes is charged against RLIMIT_MEMLOCK (to processes without CAP_IPC_LOCK, since Linux 6.14):
// whole pages of submission entries, of both queues, and of the receive buffers' descriptors.
std::uint64_t memlock_needed(std::uint64_t submissions, std::uint64_t completions, std::uint64_t receive_buffers);

}  // namespace broker::io
