// SPDX-License-Identifier: Apache-2.0
// The seam to the kernel: what a shard may ask of it and how it hears the results. UringRing is the real one,
// tests/fakes/fake_ring.h a scripted one; an epoll implementation fits behind the same interface.
//
// Thread: the shard's own, from construction (io_uring ties a DEFER_TASKRUN ring to one task) to destruction; only
// wake()'s
//   target may belong to another shard.
// Owns: its receive buffers. Borrows: operations and the bytes given to send(), until they complete.
// Order: reap, then run. No handler is called from inside an asking method, or from inside another handler.
#pragma once

#include <sys/uio.h>

#include <chrono>
#include <cstdint>
#include <span>

#include "broker/io/operation.h"

namespace broker::io {

// Numbers that the admin thread may show; see broker/base/metrics.h for their names.
struct RingCounts {
  std::uint64_t enters = 0;
  std::uint64_t completions = 0;
  std::uint64_t submit_full = 0;        // the submission queue was full and had to be flushed early
  std::uint64_t overflows = 0;          // the completion queue overflowed
  std::uint64_t buffers_exhausted = 0;  // a receive ended with ENOBUFS
};

class Ring {
 public:
  virtual ~Ring() = default;

  // `any`: wherever the ring holds it most cheaply. `descriptor`: where getpeername(2) tells who it is.
  enum class Accepting : std::uint8_t { any, descriptor };

  // Multishot: completes once a connection until `more` is false. Requires: !operation.in_kernel(). So for all three.
  virtual void accept(AcceptOperation&, int listener_fd, Accepting) = 0;
  // Multishot, into the ring's buffers. `wait_first`: nothing is expected to be there yet (a fresh or idle socket).
  virtual void receive(ReceiveOperation&, int socket, bool wait_first) = 0;
  // One send of all the pieces, in order; may complete short. The iovecs are copied, their bytes are borrowed.
  virtual void send(SendOperation&, int socket, std::span<const iovec> pieces) = 0;

  // Asks the kernel to end the operation; its last completion (ECANCELED, a partial count, or what was already on its
  // way) still comes. Harmless when it is not in the kernel.
  virtual void cancel(Operation&) = 0;
  // Nothing more will be sent: a FIN behind what was. With the next submission; errors are of no interest.
  virtual void half_close(int socket) = 0;
  // With the next submission. Requires: no operation of this socket is in the kernel. `reset`: with SO_LINGER 0, so
  // that what the kernel has not sent yet is dropped and the peer sees a reset.
  virtual void close(int socket, bool reset) = 0;

  // How many of the sockets that it accepts need no descriptor of the process. 0: all of them do.
  [[nodiscard]] virtual std::uint32_t slots() const = 0;

  // Ends the wait of another shard's ring; batched with this ring's next submission. Never lost.
  virtual void wake(Ring& sleeper) = 0;

  // Hands over all that was asked for, now rather than with the next wait(): what is left of a turn does not hold it
  // up.
  virtual void submit() = 0;
  // Submits all that was asked for and reaps what has completed. Waits for the first completion (or wake-up) no longer
  // than `timeout`; zero does not wait, a negative one waits without end.
  virtual void wait(std::chrono::nanoseconds timeout) = 0;
  // Runs the handlers of what was reaped. Returns how many. Then gives all receive buffers back to the kernel.
  virtual std::size_t run() = 0;

  [[nodiscard]] virtual const RingCounts& counts() const = 0;
};

}  // namespace broker::io
