// SPDX-License-Identifier: Apache-2.0
// UringRing's beginning and end: what the kernel may refuse, and how it is asked again.
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "absl/strings/str_format.h"
#include "broker/base/check.h"
#include "broker/io/setup_error.h"
#include "broker/io/uring_ring.h"

namespace broker::io {
namespace {

// The kernel gives a dead ring's locked memory back some time later, also that of an attempt which failed half-way:
// each size is tried for three quarters of a second before the next smaller one. An eighth of the full sizes still
// serves.
constexpr int sizes = 4;
constexpr int attempts_per_size = 15;
constexpr int pause_ms = 50;

// SINGLE_ISSUER, DEFER_TASKRUN: completions are made only when this thread asks, never in the middle of its work; it
// ties the ring to the thread that creates it. TASKRUN_FLAG: one can see without a call that some wait to be made.
// SUBMIT_ALL: one bad submission does not hold up those behind it. CQSIZE: the completion queue is larger than twice.
constexpr unsigned setup_flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG |
                                 IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE;

int read_io_uring_disabled() {
  int value = -1;
  if (std::FILE* file = std::fopen("/proc/sys/kernel/io_uring_disabled", "re"); file != nullptr) {
    if (std::fscanf(file, "%d", &value) != 1) value = -1;
    std::fclose(file);
  }
  return value;
}

std::uint64_t memlock_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_MEMLOCK, &limit);
  return limit.rlim_cur;
}

UringOptions halved(UringOptions options, int times) {
  options.submissions >>= times;
  options.completions >>= times;
  options.receive_buffers >>= times;
  return options;
}

}  // namespace

UringRing::UringRing(const UringOptions& options)
    : options_(options), arena_(options.submissions, options.submissions * config::limits::iovecs_per_send + 1024) {
  // Room for a full batch, so that the first busy turns do not allocate.
  reaped_.reserve(options.completions);
  running_.reserve(options.completions);
}

UringRing::Created UringRing::create(const UringOptions& wanted) {
  std::unique_ptr<UringRing> ring(new UringRing(wanted));
  int error = 0;
  const char* step = "";
  for (int attempt = 0; attempt < sizes * attempts_per_size; ++attempt) {
    error = ring->open(halved(wanted, attempt / attempts_per_size), step);
    if (error == 0) return {.ring = std::move(ring), .error = {}};
    if (error != ENOMEM) break;
    ::poll(nullptr, 0, pause_ms);
  }
  const std::uint64_t needed = memlock_needed(wanted.submissions, wanted.completions, wanted.receive_buffers);
  return {.ring = nullptr,
          .error = explain_setup_error({.error = error,
                                        .step = step,
                                        .io_uring_disabled = read_io_uring_disabled(),
                                        .memlock_limit = memlock_limit(),
                                        .memlock_needed = needed})};
}

// Returns 0 or an errno, and then leaves nothing behind.
int UringRing::open(const UringOptions& options, const char*& step) {
  options_ = options;
  step = "eventfd";
  eventfd_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!eventfd_) return errno;

  step = "io_uring_setup";
  io_uring_params parameters{};
  parameters.flags = setup_flags;
  parameters.cq_entries = options.completions;
  int error = -io_uring_queue_init_params(options.submissions, &ring_, &parameters);
  open_ = error == 0;
  if (open_) {
    step = "io_uring_register (receive buffers)";
    error = buffers_.open(ring_, options.receive_buffers, options.receive_buffer_bytes);
  }
  if (error == 0) {
    // A profile may allow some of the three system calls: better to hear it now than from the first wait().
    step = "io_uring_enter";
    error = -io_uring_get_events(&ring_);
  }
  if (error != 0) {
    close_ring();
    return error;
  }
  // Spares each enter the descriptor's look-up; a kernel without it loses nothing else.
  ring_fd_registered_ = io_uring_register_ring_fd(&ring_) == 1;
  make_slots();
  return 0;
}

// Until 6.12 a request that lasts, to a peer who does not read, keeps all files alive whose slots are given up behind
// it. A kernel that refuses the table is one without it.
void UringRing::make_slots() {
  rlimit descriptors{};
  ::getrlimit(RLIMIT_NOFILE, &descriptors);  // the kernel takes no larger table
  const auto count = static_cast<std::uint32_t>(std::min<std::uint64_t>(options_.slots, descriptors.rlim_cur));
  if (linux_6_15() && count > 0 && io_uring_register_files_sparse(&ring_, count) == 0) slots_ = count;
}

void UringRing::close_ring() {
  if (open_) io_uring_queue_exit(&ring_);
  open_ = false;
  eventfd_.reset();
}

UringRing::~UringRing() {
  const std::size_t held = operations_.size();
  KODAMA_CHECK(held == 0, "a ring was destroyed while the kernel held ", held, " operations");
  if (open_) reap();  // a half-close may be under way
  close_ring();
}

std::string UringRing::describe() const {
  utsname host{};
  ::uname(&host);
  const std::string slots = slots_ > 0 ? absl::StrFormat(", slots for %d sockets", slots_) : "";
  return absl::StrFormat(
      "io_uring on Linux %s: %d submissions, %d completions, %d receive buffers of %d bytes, wake-up by %s%s%s%s",
      host.release, ring_.sq.ring_entries, ring_.cq.ring_entries, options_.receive_buffers,
      options_.receive_buffer_bytes, options_.wake == UringOptions::Wake::eventfd ? "eventfd" : "ring message",
      ring_fd_registered_ ? ", registered ring descriptor" : "", idle_is_not_iowait() ? ", idle is not iowait" : "",
      slots);
}

}  // namespace broker::io
