// SPDX-License-Identifier: Apache-2.0
#include "proto/websocket/unmask.h"

#include <cstring>

namespace proto::websocket {
namespace {

// Two words that GCC at -O2 makes one vector instruction of; the words are loaded and stored at any alignment.
constexpr std::size_t word_bytes = sizeof(std::uint64_t);
constexpr std::size_t pair_bytes = 2 * word_bytes;

void unmask_pair(std::uint8_t* at, std::uint64_t key) {
  std::uint64_t words[2];
  std::memcpy(words, at, pair_bytes);
  words[0] ^= key;
  words[1] ^= key;
  std::memcpy(at, words, pair_bytes);
}

void unmask_word(std::uint8_t* at, std::uint64_t key) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, word_bytes);
  word ^= key;
  std::memcpy(at, &word, word_bytes);
}

}  // namespace

// Hot: every byte that a client sends passes here. A pair is a multiple of the mask's four bytes, so one key, turned to
// the phase once, serves all of them.
// Measured by unmask of bench/micro.
void unmask(std::span<std::uint8_t> bytes, const Mask& mask, std::size_t phase) {
  std::uint8_t key_bytes[word_bytes];
  for (std::size_t i = 0; i < word_bytes; ++i) key_bytes[i] = mask[(phase + i) % mask.size()];
  std::uint64_t key = 0;
  std::memcpy(&key, key_bytes, word_bytes);

  std::uint8_t* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 2 * pair_bytes; left -= 2 * pair_bytes, at += 2 * pair_bytes) {
    unmask_pair(at, key);
    unmask_pair(at + pair_bytes, key);
  }
  for (; left >= word_bytes; left -= word_bytes, at += word_bytes) unmask_word(at, key);
  for (std::size_t i = 0; i < left; ++i) at[i] ^= key_bytes[i];
}

}  // namespace proto::websocket
