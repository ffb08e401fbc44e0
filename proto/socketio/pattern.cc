// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/pattern.h"

#include <algorithm>
#include <cstddef>

namespace proto::socketio {
namespace {

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

std::size_t character_bytes(std::string_view text) {
  std::size_t bytes = 1;
  while (bytes < text.size() && is_continuation(text[bytes])) ++bytes;
  return bytes;
}

// When a character does not fit, the last '*' takes one more: no earlier one need be tried again. `one_fits` says
// whether a '?' stands for the character.
template <class OneFits>
bool walk(std::string_view pattern, std::string_view text, OneFits one_fits) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_end = 0;  // the end of what the last '*' has taken
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_end = t;
    } else if (p < pattern.size() && pattern[p] == '?' && one_fits(text[t])) {
      ++p;
      t += character_bytes(text.substr(t));
    } else if (p < pattern.size() && pattern[p] != '?' && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      star_end += character_bytes(text.substr(star_end));
      t = star_end;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace

bool is_pattern(std::string_view text) { return text.find_first_of("*?") != std::string_view::npos; }

bool matches(std::string_view pattern, std::string_view text) {
  return walk(pattern, text, [](char) { return true; });
}

// A '*' of the other is a character that only a '*' stands for, and its '?' one that a '?' does too.
bool covers(std::string_view pattern, std::string_view other) {
  return walk(pattern, other, [](char c) { return c != '*'; });
}

}  // namespace proto::socketio
