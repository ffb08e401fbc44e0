// SPDX-License-Identifier: Apache-2.0
// Bytes that came and are not taken yet: appended behind, taken from the front, moved together only when half is gone.
// Thread: one. Owns: its bytes. Limits: the owner's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>

namespace broker::net {

class Backlog {
 public:
  void append(std::span<const std::uint8_t> bytes) {
    bytes_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  [[nodiscard]] std::size_t size() const { return bytes_.size() - taken_; }
  // The first of it, at most so many; good until the next call of another member.
  [[nodiscard]] std::span<std::uint8_t> front(std::size_t bytes_max = SIZE_MAX) {
    return {reinterpret_cast<std::uint8_t*>(bytes_.data()) + taken_, std::min(size(), bytes_max)};
  }
  void take(std::size_t bytes) {
    taken_ += bytes;
    if (taken_ * 2 < bytes_.size()) return;
    bytes_.erase(0, taken_);
    taken_ = 0;
  }

 private:
  std::string bytes_;
  std::size_t taken_ = 0;
};

}  // namespace broker::net
