// SPDX-License-Identifier: Apache-2.0
// A ring's receive buffers (a "provided buffer ring"): the kernel takes one when bytes have arrived, not when a receive
// is asked for, so an idle connection owns none. A completion lends its buffer to the handlers; all that were lent go
// back at once when the batch has run. AddressSanitizer sees a buffer as out of bounds while the kernel owns it.
//
// Thread: the ring's. Owns: the buffers' memory, which must outlive the ring that open() was given.
// Limits: 32,768 buffers, a power of two, each below 4 GiB.
#pragma once

#include <liburing.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace broker::io {

class ReceiveBuffers {
 public:
  static constexpr std::uint16_t group = 0;  // the only one of its ring

  ReceiveBuffers() = default;
  ~ReceiveBuffers();
  ReceiveBuffers(const ReceiveBuffers&) = delete;
  ReceiveBuffers& operator=(const ReceiveBuffers&) = delete;

  // Gives all of them to the kernel. Returns 0 or an errno, and then may be tried again.
  [[nodiscard]] int open(io_uring& ring, std::uint32_t count, std::size_t bytes_each);

  // What the kernel has written into the buffer of a completion. Valid until take_back().
  std::span<std::uint8_t> lend(std::uint32_t id, std::size_t filled);

  // Everything lent goes back to the kernel.
  void take_back();

 private:
  [[nodiscard]] std::uint8_t* buffer(std::uint32_t id) const { return first_ + id * bytes_each_; }

  void* memory_ = nullptr;  // one mapping: the descriptors, then the buffers
  std::size_t memory_bytes_ = 0;
  io_uring_buf_ring* descriptors_ = nullptr;
  std::uint8_t* first_ = nullptr;
  std::uint32_t count_ = 0;
  std::size_t bytes_each_ = 0;
  int lent_ = 0;
};

}  // namespace broker::io
