// SPDX-License-Identifier: Apache-2.0
#include "broker/io/setup_error.h"

#include <cerrno>
#include <cstring>

#include "absl/strings/str_format.h"

namespace broker::io {
namespace {

constexpr std::uint64_t page_bytes = 4096;
constexpr std::uint64_t submission_bytes = 64;         // struct io_uring_sqe
constexpr std::uint64_t submission_index_bytes = 4;    // its entry in the queue proper
constexpr std::uint64_t completion_bytes = 16;         // struct io_uring_cqe
constexpr std::uint64_t buffer_descriptor_bytes = 16;  // struct io_uring_buf
constexpr std::uint64_t queue_header_bytes = 320;      // heads, tails and flags, each on its own cache line

std::uint64_t whole_pages(std::uint64_t bytes) { return (bytes + page_bytes - 1) / page_bytes * page_bytes; }

std::string explain_denied(const SetupFailure& failure) {
  if (failure.io_uring_disabled == 2)
    return "this host forbids io_uring to everybody: kernel.io_uring_disabled is 2; "
           "allow it with: sysctl -w kernel.io_uring_disabled=0";
  if (failure.io_uring_disabled == 1)
    return "this host forbids io_uring to ordinary processes: kernel.io_uring_disabled is 1; allow it with: "
           "sysctl -w kernel.io_uring_disabled=0, or run as a member of the group in kernel.io_uring_group";
  return "the container runtime's seccomp profile forbids io_uring (Docker since 25.0, containerd since 2.0); run with "
         "a profile that also allows io_uring_setup, io_uring_enter and io_uring_register";
}

std::string explain_cause(const SetupFailure& failure) {
  switch (failure.error) {
    case EPERM: return explain_denied(failure);
    case ENOSYS:
      return "the kernel was built without io_uring, or the seccomp profile of podman or CRI-O hides it; run with a "
             "profile that also allows io_uring_setup, io_uring_enter and io_uring_register";
    case ENOMEM:
      return absl::StrFormat(
          "locked memory ran out: RLIMIT_MEMLOCK is %d KiB for all processes of this user, one shard's ring needs "
          "%d KiB; raise it (ulimit -l, LimitMEMLOCK=, docker --ulimit memlock=-1), give CAP_IPC_LOCK, or use fewer "
          "shards",
          failure.memlock_limit / 1024, failure.memlock_needed / 1024);
    case EINVAL: return "the kernel does not know a feature that is needed: Linux 6.1 or newer is required";
    case EMFILE: return "this process has no descriptors left: raise its limit (ulimit -n, LimitNOFILE=)";
    case ENFILE: return "the host has no descriptors left: raise fs.file-max";
    default: return "no cause is known for this error";
  }
}

}  // namespace

std::string explain_setup_error(const SetupFailure& failure) {
  return absl::StrFormat("%s: %s: %s", failure.step, std::strerror(failure.error), explain_cause(failure));
}

std::uint64_t memlock_needed(std::uint64_t submissions, std::uint64_t completions, std::uint64_t receive_buffers) {
  return whole_pages(submissions * submission_bytes) +
         whole_pages(queue_header_bytes + completions * completion_bytes + submissions * submission_index_bytes) +
         whole_pages(receive_buffers * buffer_descriptor_bytes);
}

}  // namespace broker::io
