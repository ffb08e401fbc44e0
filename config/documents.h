// SPDX-License-Identifier: Apache-2.0
// What people read about the settings, all of it made from the table: the example file, the help, the README's table.
// Thread: any.
#pragma once

#include <string>

namespace config {

// config/kodama.example.yaml: every key with its default. Loading it changes nothing.
[[nodiscard]] std::string default_config_yaml();
[[nodiscard]] std::string help_text();
// The table in config/README.md, a line per key.
[[nodiscard]] std::string settings_table_markdown();

}  // namespace config
