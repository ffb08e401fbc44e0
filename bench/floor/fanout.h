// SPDX-License-Identifier: Apache-2.0
// What relay and seal share: who receives, and a publisher's frames made into a server's.
//
// Thread: one. Owns: its lists and what of a publisher's input is incomplete. Errors: none, the input is trusted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bench::floor {

// The subscribers, densely in an array; a slot is found without a search.
class Audience {
 public:
  explicit Audience(std::size_t slots) : position_(slots, nobody) {}
  void add(int slot);
  void remove(int slot);
  [[nodiscard]] const std::vector<int>& slots() const { return slots_; }
  [[nodiscard]] std::size_t position(int slot) const { return position_[static_cast<std::size_t>(slot)]; }

 private:
  static constexpr std::uint32_t nobody = ~std::uint32_t{0};
  std::vector<int> slots_;
  std::vector<std::uint32_t> position_;
};

// One publisher's input, cut anywhere.
class Frames {
 public:
  // Appends to `out` every data frame that is complete, unmasked and with a server's header; drops control frames.
  void rewrite(std::string_view bytes, std::string& out);

 private:
  static std::size_t rewrite_whole(std::string_view bytes, std::string& out);
  std::string begun_;
};

}  // namespace bench::floor
