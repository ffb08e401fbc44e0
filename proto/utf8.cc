// SPDX-License-Identifier: Apache-2.0
#include "proto/utf8.h"

#include <cstring>

#include "simdjson.h"

namespace proto {
namespace {

using State = Utf8Validator::State;

// Below this a call into simdjson costs more than looking at the bytes.
constexpr std::size_t simd_bytes_min = 32;

constexpr bool is_continuation(std::uint8_t byte) { return (byte & 0xC0) == 0x80; }

constexpr bool is_between(std::uint8_t byte, std::uint8_t low, std::uint8_t high) {
  return byte >= low && byte <= high;
}

constexpr State after_first(std::uint8_t byte) {
  if (byte < 0x80) return State::start;
  if (byte < 0xC2) return State::bad;  // a continuation byte, or C0 and C1, which only begin overlong forms
  if (byte < 0xE0) return State::tail_1;
  if (byte == 0xE0) return State::after_e0;
  if (byte == 0xED) return State::after_ed;
  if (byte < 0xF0) return State::tail_2;
  if (byte == 0xF0) return State::after_f0;
  if (byte < 0xF4) return State::tail_3;
  if (byte == 0xF4) return State::after_f4;
  return State::bad;
}

constexpr State next(State state, std::uint8_t byte) {
  switch (state) {
    case State::start: return after_first(byte);
    case State::tail_1: return is_continuation(byte) ? State::start : State::bad;
    case State::tail_2: return is_continuation(byte) ? State::tail_1 : State::bad;
    case State::tail_3: return is_continuation(byte) ? State::tail_2 : State::bad;
    case State::after_e0: return is_between(byte, 0xA0, 0xBF) ? State::tail_1 : State::bad;
    case State::after_ed: return is_between(byte, 0x80, 0x9F) ? State::tail_1 : State::bad;
    case State::after_f0: return is_between(byte, 0x90, 0xBF) ? State::tail_2 : State::bad;
    case State::after_f4: return is_between(byte, 0x80, 0x8F) ? State::tail_2 : State::bad;
    case State::bad: break;
  }
  return State::bad;
}

bool is_ascii_word(const char* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return (word & 0x8080808080808080) == 0;
}

// How many bytes at the end begin a character without ending it: 0 to 3.
std::size_t unfinished_bytes(std::string_view text) {
  for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const auto byte = static_cast<std::uint8_t>(text[text.size() - back]);
    if (is_continuation(byte)) continue;
    const std::size_t length = byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
    return length > back ? back : 0;
  }
  return 0;
}

}  // namespace

// Hot. Measured by utf8_valid_ascii and utf8_valid_mixed of bench/micro.
bool is_valid_utf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

// Hot: every text that a client sends. Measured by utf8_take_ascii and utf8_take_mixed of bench/micro.
std::size_t Utf8Validator::take(std::string_view piece) {
  std::size_t at = 0;
  for (; state_ != State::start && at < piece.size(); ++at) {
    state_ = next(state_, static_cast<std::uint8_t>(piece[at]));
    if (state_ == State::bad) return at;
  }
  // simdjson says whether, not where: only when it says no are the bytes looked at one by one.
  const std::string_view rest = piece.substr(at);
  const std::string_view whole = rest.substr(0, rest.size() - unfinished_bytes(rest));
  if (whole.size() >= simd_bytes_min && is_valid_utf8(whole)) at += whole.size();
  return take_bytewise(piece, at);
}

std::size_t Utf8Validator::take_bytewise(std::string_view piece, std::size_t at) {
  while (at < piece.size()) {
    if (state_ == State::start && piece.size() - at >= 8 && is_ascii_word(piece.data() + at)) {
      at += 8;
      continue;
    }
    state_ = next(state_, static_cast<std::uint8_t>(piece[at]));
    if (state_ == State::bad) return at;
    ++at;
  }
  return at;
}

}  // namespace proto
