// SPDX-License-Identifier: Apache-2.0
// From what was written to Settings: file, then environment, then flags, each over the one before, then the checks
// between keys. A pure function of its arguments; config/command_line.h gets them from the system.
// Thread: any. Errors: all mistakes at once; with any of them the settings are not to be used.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/layers.h"
#include "config/mistake.h"
#include "config/settings.h"

namespace config {

struct Sources {
  std::string file_name;                 // for positions; empty: no file
  std::optional<std::string> file_text;  // none, of a named file: it could not be read, and the caller tells why
  Environment environment;               // as it is; names that do not begin with KODAMA__ are not looked at
  std::vector<Flag> flags;
};

// What a key ended up with, and who said so.
struct Chosen {
  enum class From : std::uint8_t { table, file, environment, flag };
  From from = From::table;
  std::string where;  // "kodama.yaml:3:7", "KODAMA__DEV", "--dev"; empty for the table's default
  std::string text;   // as written; lists comma-separated
  bool sound = true;  // it could be read
};

struct Loaded {
  Settings settings;
  Mistakes mistakes;
  std::vector<Chosen> chosen;  // in the table's order
  std::vector<Tree> trees;     // sections that are read elsewhere
  std::string file_name;       // where they stand

  // Requires: `key` is in the table.
  [[nodiscard]] const Chosen& of(std::string_view key) const;
};

[[nodiscard]] Loaded load(const Sources&);

}  // namespace config
