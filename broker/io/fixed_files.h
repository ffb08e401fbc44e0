// SPDX-License-Identifier: Apache-2.0
// The descriptors that send often, registered with the ring under their own numbers: a send then spares the look-up and
// the atomic count of the file, whose cache line is cold when a thousand sockets take turns.
//
// Thread: the ring's. Borrows: the ring. Owns: a reference to each registered file: release() before close(2), or the
// socket lives on.
// Limits: descriptors below limits::fixed_files_max; the others, and all on kernels before 6.15, are sent to as usual.
//   (Until 6.12 a request that lasts, to a peer who does not read, holds all files that are released behind it.)
#pragma once

#include <liburing.h>

#include <cstdint>
#include <vector>

namespace broker::io {

class FixedFiles {
 public:
  // A kernel that refuses the table is one without it.
  void open(io_uring& ring);
  // A send to `fd` is about to be made; returns whether it is registered.
  [[nodiscard]] bool use(int fd) {
    const auto index = static_cast<std::size_t>(fd);
    if (index < uses_.size() && uses_[index] == registered) return true;
    return size_ > 0 && count(index);
  }
  // Harmless for one that is not registered.
  void release(int fd);

 private:
  // Uses so far, or one of these.
  static constexpr std::uint8_t registered = 255;
  static constexpr std::uint8_t refused = 254;
  // Registering costs a system call, and another when the socket closes: 32 sends pay for both.
  static constexpr std::uint8_t busy = 32;

  bool count(std::size_t fd);
  bool update(std::size_t fd, int value);

  io_uring* ring_ = nullptr;
  std::size_t size_ = 0;
  std::vector<std::uint8_t> uses_;  // by descriptor
};

}  // namespace broker::io
