// SPDX-License-Identifier: Apache-2.0
// The file of access.key_file: the keys that backends send as `Authorization: Bearer KEY`, one a line. Blank lines and
// lines that begin with # are left out.
// Thread: any. Errors: mistakes with file and line; a key itself is never shown.
// Limits: access_key_bytes_min and _max; visible ASCII, as a header can carry.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/mistake.h"

namespace config {

struct AccessKeys {
  std::vector<std::string> keys;
  Mistakes mistakes;  // with any, the keys are not to be used
};

// `name` is the file's, for positions.
[[nodiscard]] AccessKeys parse_keys(std::string_view name, std::string_view text);
[[nodiscard]] AccessKeys load_keys(const std::string& path);

}  // namespace config
