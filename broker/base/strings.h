// SPDX-License-Identifier: Apache-2.0
// Bridges between std::string_view, which all our interfaces use, and Abseil, whose string_view is a type of its own in
// Debian's build and an alias of std's elsewhere. Both builds compile.
// Thread: any. Returned views live as long as what they view.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"

namespace broker::base {

[[nodiscard]] inline absl::string_view to_absl(std::string_view text) { return {text.data(), text.size()}; }
[[nodiscard]] inline std::string_view to_std(absl::string_view text) { return {text.data(), text.size()}; }

// Lets a table that is keyed by std::string be searched with a std::string_view, without making a string.
struct StringHash {
  using is_transparent = void;
  [[nodiscard]] std::size_t operator()(std::string_view text) const { return absl::Hash<std::string_view>{}(text); }
};

template <class Value>
using StringMap = absl::flat_hash_map<std::string, Value, StringHash, std::equal_to<>>;
using StringSet = absl::flat_hash_set<std::string, StringHash, std::equal_to<>>;

}  // namespace broker::base
