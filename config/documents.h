// SPDX-License-Identifier: Apache-2.0
// What people read about the settings, all of it made from the table: the example file, the help, the README's table.
// Thread: any.
#pragma once

#include <string>

#include "config/load.h"

namespace config {

// config/kodama.example.yaml: every key with its default. Loading it changes nothing.
[[nodiscard]] std::string default_config_yaml();
[[nodiscard]] std::string help_text();
// The table in config/README.md, a line per key.
[[nodiscard]] std::string settings_table_markdown();
// `kodama config`: every key with what is in force and, in a comment, who said so, and the sections that are no part of
// the table. Loading it gives the same, but for what is secret, which is not shown. Requires: no mistakes.
[[nodiscard]] std::string in_force_yaml(const Loaded&);

}  // namespace config
