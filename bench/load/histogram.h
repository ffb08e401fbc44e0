// SPDX-License-Identifier: Apache-2.0
// A log-linear histogram of nanoseconds: 128 buckets for each doubling, so that a value's bucket is within 1/128 of it.
//
// Thread: one. Owns: its counts (58 KiB). Errors: none. Limits: from 0 to 2^64 - 1; record() is O(1) and does not
// allocate.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

namespace bench::load {

class Histogram {
 public:
  void record(std::uint64_t value) {
    ++counts_[index_of(value)];
    ++count_;
    sum_ += value;
    max_ = std::max(max_, value);
  }

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] std::uint64_t max() const { return max_; }
  [[nodiscard]] double mean() const {
    return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_);
  }

  // The least bucket's upper bound that at least `share` (0 to 1) of the values do not exceed; 0 when there are none.
  [[nodiscard]] std::uint64_t quantile(double share) const {
    const double wanted = share * static_cast<double>(count_);
    std::uint64_t seen = 0;
    for (std::size_t index = 0; index < counts_.size(); ++index) {
      seen += counts_[index];
      if (seen != 0 && static_cast<double>(seen) >= wanted) return std::min(upper_of(index), max_);
    }
    return max_;
  }

  // The buckets that are not empty: the largest value that falls into each, and how many did.
  [[nodiscard]] std::vector<std::pair<std::uint64_t, std::uint64_t>> buckets() const {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> all;
    for (std::size_t index = 0; index < counts_.size(); ++index) {
      if (counts_[index] != 0) all.emplace_back(upper_of(index), counts_[index]);
    }
    return all;
  }

 private:
  static constexpr unsigned fine_bits = 7;
  static constexpr std::uint64_t fine = std::uint64_t{1} << fine_bits;

  // Below 2 * fine a value is its own bucket; above, its leading fine_bits + 1 bits choose it.
  static std::size_t index_of(std::uint64_t value) {
    const unsigned width = static_cast<unsigned>(std::bit_width(value | fine));
    const unsigned shift = width - 1 - fine_bits;
    return static_cast<std::size_t>(shift * fine + (value >> shift));
  }
  static std::uint64_t upper_of(std::size_t index) {
    if (index < 2 * fine) return index;
    const std::uint64_t shift = index / fine - 1;
    return ((index - shift * fine + 1) << shift) - 1;
  }

  std::array<std::uint64_t, (64 - fine_bits + 1) * fine> counts_{};
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
  std::uint64_t sum_ = 0;  // of 18 * 10^9 values of a second each, before it wraps
};

}  // namespace bench::load
