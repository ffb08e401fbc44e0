// SPDX-License-Identifier: Apache-2.0
// What the settings' sections `engineio` and `socketio` say, before anything is known of its meaning: a tree of words,
// lists and maps with positions. Whoever reads the file makes it, so that rules know no YAML, and lends the notation of
// the other settings, so that rules are written alike.
// Thread: any; values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace proto::socketio {

struct RuleNode {
  enum class Kind : std::uint8_t {
    nothing,  // null, or no value at all
    word,     // unquoted: what is a number, true or false in JSON is so here
    quoted,   // text, whatever it looks like
    list,
    map,
  };
  Kind kind = Kind::nothing;
  int line = 1;  // both from 1; columns are bytes
  int column = 1;
  std::string text;
  std::vector<RuleNode> items;  // of a map: key, value, key, value … as written, duplicates too
};

// config/values.h and config/words.h, which proto/ does not include.
struct SettingsNotation {
  template <class T>
  using Parsed = std::variant<T, std::string>;  // or what is wrong

  Parsed<std::uint64_t> (*bytes)(std::string_view);
  Parsed<std::chrono::milliseconds> (*duration)(std::string_view);
  std::optional<std::string> (*origin_problem)(std::string_view);
  std::string (*quote)(std::string_view);
  std::string_view (*nearest)(std::string_view, std::span<const std::string_view>);
  std::string (*did_you_mean)(std::string_view);
};

}  // namespace proto::socketio
