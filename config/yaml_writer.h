// SPDX-License-Identifier: Apache-2.0
// Writes what yaml.h reads, so that reading it again gives the same.
// Thread: any; pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "config/yaml.h"

namespace config {

// A word as it stands where a value does, in a list of one line too; in quotes where it takes them.
[[nodiscard]] std::string yaml_word(std::string_view text);

// What stands behind a key, from the colon's right on: " word\n", or lines of their own, indented by so many blanks.
// A key that is no word is left out: none of them is right anywhere.
[[nodiscard]] std::string yaml_value(const YamlNode& node, std::size_t indent);

}  // namespace config
