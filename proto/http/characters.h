// SPDX-License-Identifier: Apache-2.0
// The character classes of HTTP's grammar, and the two comparisons that its names and values need.
// Thread: any.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace proto::http {

enum CharacterClass : unsigned char {
  token_character = 1,   // RFC 9110 §5.6.2 tchar
  value_character = 2,   // RFC 9110 §5.5 field-vchar, SP and HTAB
  target_character = 4,  // RFC 9112 §3.2: what may stand in a request-target; '#' begins a fragment and may not
  digit_character = 8,
  host_character = 16,  // RFC 3986 §3.2.2 and §3.2.3: of a reg-name, an IP literal and a port
};

inline constexpr std::array<unsigned char, 256> character_classes = [] {
  std::array<unsigned char, 256> table{};
  for (std::size_t c = 0; c < table.size(); ++c) {
    unsigned classes = 0;
    const bool digit = c >= '0' && c <= '9';
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (digit) classes |= digit_character;
    if (digit || letter) classes |= token_character | host_character;
    if ((c >= 0x20 && c != 0x7f) || c == '\t') classes |= value_character;
    if (c > 0x20 && c < 0x7f && c != '#') classes |= target_character;
    table[c] = static_cast<unsigned char>(classes);
  }
  const auto add = [&table](std::string_view characters, CharacterClass to) {
    for (const char c : characters) table[static_cast<unsigned char>(c)] |= to;
  };
  add("!#$%&'*+-.^_`|~", token_character);
  add("!$%&'()*+,-.:;=[]_~", host_character);
  return table;
}();

constexpr bool is(CharacterClass wanted, char c) {
  return (character_classes[static_cast<unsigned char>(c)] & wanted) != 0;
}

// Where the run of such characters that begins at `from` ends.
constexpr std::size_t end_of_run(CharacterClass wanted, std::string_view text, std::size_t from) {
  const char* at = text.data() + from;
  const char* const end = text.data() + text.size();
  while (at != end && is(wanted, *at)) ++at;
  return static_cast<std::size_t>(at - text.data());
}

// The digit's value, or -1.
constexpr int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// `lower` is in lower case already. Not locale-dependent, unlike the C library's.
constexpr bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (to_lower(text[i]) != lower[i]) return false;
  }
  return true;
}

// RFC 9110 §5.6.3: optional white space is SP and HTAB and nothing else.
constexpr std::string_view trim(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace proto::http
