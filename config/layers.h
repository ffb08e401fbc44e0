// SPDX-License-Identifier: Apache-2.0
// The three places where settings are written: a file, the environment, flags. Each becomes a list of what was given
// for which key, with where it stands, and of what is no key, in the order of writing; the values are read by
// config/load.h.
// Thread: any; pure functions of their arguments.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "config/mistake.h"
#include "config/table.h"
#include "config/yaml.h"

namespace config {

struct Given {
  const Row* row = nullptr;
  std::vector<std::string> items;   // one, except for lists
  std::vector<std::string> wheres;  // of the items
  std::string where;                // of the whole
};

// A section of a file that is no part of the table: others know what is in it.
struct Tree {
  std::string name;  // "socketio"
  YamlNode node;
};

struct Flag {
  std::string name;                  // without dashes
  std::optional<std::string> value;  // none: `--name` alone
};

using Layer = std::vector<std::variant<Given, Tree, Mistake>>;

using Environment = std::vector<std::pair<std::string, std::string>>;

// `name` is the file's, for positions. A mistake: the text is not YAML, so that nothing can be said of what it leaves
// out.
[[nodiscard]] std::variant<Layer, Mistake> read_file_layer(std::string_view name, std::string_view text);
// Names that do not begin with KODAMA__ are other people's.
[[nodiscard]] Layer read_environment_layer(const Environment&);
[[nodiscard]] Layer read_flag_layer(const std::vector<Flag>&);

}  // namespace config
