// SPDX-License-Identifier: Apache-2.0
// Reads the files that settings come from and name: the only place in config/ that touches the file system.
// Thread: any; blocks, so only before the shards start. Errors: the system's words. Limits: settings_file_bytes_max.
#pragma once

#include <string>
#include <variant>

namespace config {

struct Unreadable {
  std::string why;  // `cannot read "/etc/kodama/keys": Permission denied`
};

[[nodiscard]] std::variant<std::string, Unreadable> read_file(const std::string& path);

}  // namespace config
