// SPDX-License-Identifier: Apache-2.0
// The Ring on io_uring (Linux 6.1 or newer, liburing 2.3): multishot accept and receive, one buffer pool, wake-up by
// ring message. The kernel's facts that shaped it are in README.md, and beside the lines they bite in.
//
// Thread: create(), every call and the destructor on one thread; only wake_from_any_thread() on any. wake()'s target
//   must live until this ring has had its next wait(): end all the threads' loops first, then destroy their rings.
// Owns: the ring, its receive buffers, an eventfd. At destruction no operation may be in the kernel.
// Errors: create() explains why there is no ring; later ones are values in completions.
#pragma once

#include <liburing.h>

#include <memory>
#include <string>
#include <vector>

#include "broker/base/owned_fd.h"
#include "broker/io/operation_table.h"
#include "broker/io/receive_buffers.h"
#include "broker/io/ring.h"
#include "broker/io/send_arena.h"
#include "config/limits.h"

namespace broker::io {

struct UringOptions {
  enum class Wake : std::uint8_t {
    ring_message,  // rides with the next submission; its failure falls back to the eventfd
    eventfd,       // a system call at once: for kernels whose ring messages misbehave (lost on arm64 6.1.22)
  };
  std::uint32_t submissions = config::limits::ring_submissions;
  std::uint32_t completions = config::limits::ring_completions;
  std::uint32_t receive_buffers = config::limits::receive_buffers;
  std::size_t receive_buffer_bytes = config::limits::receive_buffer_bytes;
  Wake wake = Wake::ring_message;
  std::uint32_t slots = config::limits::ring_slots_max;  // fewer where RLIMIT_NOFILE is lower; none before Linux 6.15
};

class UringRing final : public Ring {
 public:
  struct Created {
    std::unique_ptr<UringRing> ring;  // null: see error
    std::string error;
  };
  // Call on the thread that will use it. Smaller than asked for when locked memory is short; see describe().
  static Created create(const UringOptions& = {});
  ~UringRing() override;

  void accept(AcceptOperation&, int listener_fd, Accepting) override;
  void receive(ReceiveOperation&, int socket, bool wait_first) override;
  void send(SendOperation&, int socket, std::span<const iovec> pieces) override;
  void cancel(Operation&) override;
  void half_close(int socket) override;
  void close(int socket, bool reset) override;
  [[nodiscard]] std::uint32_t slots() const override { return slots_; }
  void wake(Ring& sleeper) override;
  void submit() override;
  void wait(std::chrono::nanoseconds timeout) override;
  std::size_t run() override;
  [[nodiscard]] const RingCounts& counts() const override { return counts_; }

  // For threads that have no ring, such as the one that tells the shards to drain. Never lost.
  void wake_from_any_thread() const;

  // One line for the start-up banner: kernel, sizes, features.
  [[nodiscard]] std::string describe() const;

 private:
  struct Completion {
    std::uint64_t user_data;
    std::int32_t result;
    std::uint32_t flags;
  };

  explicit UringRing(const UringOptions&);
  int open(const UringOptions&, const char*& step);
  void make_slots();
  void close_ring();

  io_uring_sqe& next_submission();
  void submit_early();
  void entered(int result);
  void block(std::chrono::nanoseconds timeout);
  void gather();
  [[nodiscard]] bool work_waits() const;
  // IORING_FEAT_NO_IOWAIT, newer than liburing 2.3.
  [[nodiscard]] bool linux_6_15() const { return (ring_.features & 1U << 17) != 0; }
  // A sleep may be told not to count as a wait for disks.
  [[nodiscard]] bool idle_is_not_iowait() const { return linux_6_15(); }
  void reap();
  void take(const io_uring_cqe&);
  void dispatch(const Completion&);
  void arm_eventfd();

  UringOptions options_;
  io_uring ring_{};
  bool open_ = false;
  bool ring_fd_registered_ = false;
  base::OwnedFd eventfd_;
  bool eventfd_armed_ = false;
  bool woken_ = false;  // a wake-up was reaped outside wait(): the next one must not sleep over it
  bool running_now_ = false;
  ReceiveBuffers buffers_;
  std::uint32_t slots_ = 0;  // of the table of files
  SendArena arena_;
  OperationTable operations_;
  std::vector<Completion> reaped_;   // by the last wait(), or by a submission that had to be made early
  std::vector<Completion> running_;  // what run() works through, so that reaped_ may grow meanwhile
  RingCounts counts_;
};

}  // namespace broker::io
