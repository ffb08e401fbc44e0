// SPDX-License-Identifier: Apache-2.0
// The part of YAML that settings are written in, as a tree with positions: maps, lists and words. Anchors, aliases,
// tags and further documents are refused. The only place that knows yaml-cpp.
// Thread: any. Errors: one, with its position; yaml-cpp's exceptions end here.
// Limits: settings_file_bytes_max, settings_depth_max; a key is one line of at most 500 bytes.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace config {

struct YamlNode {
  enum class Kind { nothing, word, list, map };
  Kind kind = Kind::nothing;
  int line = 1;  // both from 1; columns are bytes
  int column = 1;
  std::string word;
  bool quoted = false;          // a word in quotes, or a block: text, whatever it looks like
  std::vector<YamlNode> items;  // of a map: key, value, key, value … as written, duplicates too
};

struct YamlError {
  int line = 1;
  int column = 1;
  std::string what;
};

// An empty text is a node of nothing.
[[nodiscard]] std::variant<YamlNode, YamlError> parse_yaml(std::string_view text);

}  // namespace config
