// SPDX-License-Identifier: Apache-2.0
// UTF-8 (RFC 3629): no surrogates, no overlong forms, nothing above U+10FFFF.
// Thread: is_valid_utf8 any; a validator belongs to one stream.
// Errors: a bad byte is a value, and it is found at that byte: the first one after which nothing could make it valid.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace proto {

[[nodiscard]] bool is_valid_utf8(std::string_view text);

// Validates a text that comes in pieces, cut anywhere.
class Utf8Validator {
 public:
  // Takes the next piece. Returns how many of its bytes stand before the first bad one: all of them when none is bad.
  // After a bad byte nothing is accepted until reset().
  [[nodiscard]] std::size_t take(std::string_view piece);
  // Whether the text may end here: not inside a character, not behind a bad byte.
  [[nodiscard]] bool complete() const { return state_ == State::start; }
  void reset() { state_ = State::start; }

  // What may come next: RFC 3629 §4.
  enum class State : std::uint8_t {
    start,   // the first byte of a character
    tail_1,  // one more continuation byte (80..BF), two, three
    tail_2,
    tail_3,
    after_e0,  // A0..BF: what is below would be overlong
    after_ed,  // 80..9F: what is above would be a surrogate
    after_f0,  // 90..BF: what is below would be overlong
    after_f4,  // 80..8F: what is above would lie beyond U+10FFFF
    bad,
  };

 private:
  std::size_t take_bytewise(std::string_view piece, std::size_t at);

  State state_ = State::start;
};

}  // namespace proto
