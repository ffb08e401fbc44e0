// SPDX-License-Identifier: Apache-2.0
// Cuts a byte stream into messages. A message that is whole in the input is parsed where it lies; only one that the
// input cuts is copied, and of the next input only as much as completes it.
//
// Thread: one. Owns: the incomplete message. Errors: those of the parser.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace bench::load {

class WholeMessages {
 public:
  // `parse` takes a std::string_view that starts with a message and returns how many bytes that message has, 0 when it
  // is incomplete (and nothing was done), a negative number when it is wrong. False when a message is wrong.
  template <typename Parse>
  [[nodiscard]] bool feed(std::span<const char> bytes, Parse&& parse) {
    std::string_view in(bytes.data(), bytes.size());
    while (!kept_.empty() && !in.empty()) {
      const std::size_t before = kept_.size();
      // Doubling keeps a large message linear, a small step keeps the copy of a small one small.
      const std::size_t taken = std::min(in.size(), std::max(before, step_bytes));
      kept_.append(in.substr(0, taken));
      const std::ptrdiff_t used = parse(std::string_view(kept_));
      if (used < 0) {
        return false;
      }
      if (used == 0) {
        in.remove_prefix(taken);
        continue;
      }
      // It was incomplete before, so that it ends within the bytes that were added.
      in.remove_prefix(static_cast<std::size_t>(used) - before);
      kept_.clear();
    }
    while (!in.empty()) {
      const std::ptrdiff_t used = parse(in);
      if (used < 0) {
        return false;
      }
      if (used == 0) {
        kept_.assign(in);
        return true;
      }
      in.remove_prefix(static_cast<std::size_t>(used));
    }
    return true;
  }

 private:
  static constexpr std::size_t step_bytes = 256;
  std::string kept_;
};

}  // namespace bench::load
