// SPDX-License-Identifier: Apache-2.0
// Reads through pieces as if they were one. Thread: any. Borrows: the pieces.
#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>

namespace broker::net {

class PieceReader {
 public:
  explicit PieceReader(std::span<const iovec> pieces) : pieces_(pieces) {}

  // The next bytes. Requires: there are as many.
  void copy(std::span<std::uint8_t> out) {
    while (!out.empty()) {
      const iovec& piece = pieces_.front();
      const std::size_t count = std::min(piece.iov_len - offset_, out.size());
      if (count > 0) std::memcpy(out.data(), static_cast<const std::uint8_t*>(piece.iov_base) + offset_, count);
      out = out.subspan(count);
      offset_ += count;
      if (offset_ < piece.iov_len) continue;
      pieces_ = pieces_.subspan(1);
      offset_ = 0;
    }
  }

 private:
  std::span<const iovec> pieces_;
  std::size_t offset_ = 0;  // in the first of them
};

}  // namespace broker::net
