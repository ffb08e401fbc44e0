// SPDX-License-Identifier: Apache-2.0
// What was found to be wrong. A run holds when nothing was.
// Thread: the program's only one.
// Errors: the first ones are printed as they are found; the rest are counted.
#pragma once

#include <cstddef>
#include <cstdio>
#include <string>

namespace swarm {

class Findings {
 public:
  void fail(const std::string& what) {
    if (++count_ <= shown_max) std::fprintf(stderr, "FAIL %s\n", what.c_str());
  }
  [[nodiscard]] bool none() const { return count_ == 0; }
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  static constexpr std::size_t shown_max = 20;
  std::size_t count_ = 0;
};

}  // namespace swarm
