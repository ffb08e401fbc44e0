// SPDX-License-Identifier: Apache-2.0
// What HTTP calls a token: RFC 9110 §5.6.2. Thread: any.
#pragma once

#include <algorithm>
#include <string_view>

namespace proto::websocket {

[[nodiscard]] inline bool is_token_character(char character) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  const bool alphanumeric = (character >= '0' && character <= '9') || (character >= 'a' && character <= 'z') ||
                            (character >= 'A' && character <= 'Z');
  return alphanumeric || marks.find(character) != marks.npos;
}

[[nodiscard]] inline bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

}  // namespace proto::websocket
