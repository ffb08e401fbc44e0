// SPDX-License-Identifier: Apache-2.0
// A topic's name with its hash. A message carries its topic's from where it was made, so that finding the topic at its
// home and its subscribers on each shard does not hash the name again. Thread: any. Borrows the text.
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>

#include "absl/hash/hash.h"

namespace broker::topics {

struct Name {
  template <std::convertible_to<std::string_view> Text>
  Name(const Text& name) : text(name), hash(absl::Hash<std::string_view>{}(text)) {}  // implicit: costs a hash
  // Requires: the hash is the text's, from this process: Abseil salts it, so that nobody prepares names that collide.
  Name(std::string_view name, std::uint64_t known_hash) : text(name), hash(known_hash) {}

  bool operator==(const Name& other) const { return hash == other.hash && text == other.text; }

  std::string_view text;
  std::uint64_t hash;
};

struct NameHash {
  std::size_t operator()(const Name& name) const { return name.hash; }
};

// The shard that a group of topics lives on: stable over time, builds and nodes, and so not by the hash above.
[[nodiscard]] std::size_t home_of(std::string_view group, std::size_t shards);

}  // namespace broker::topics
