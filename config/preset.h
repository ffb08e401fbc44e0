// SPDX-License-Identifier: Apache-2.0
// What a preset stands for: a section of the settings' file, written out, so that one word is a server.
// Thread: any; constants only.
#pragma once

#include <string_view>

#include "config/settings.h"

namespace config {

struct PresetFacts {
  std::string_view section;  // the tree that it stands for: "socketio"; empty: it stands for nothing
  std::string_view yaml;     // what would be written below it
  std::string_view open;     // who may do what by it, for whoever starts the program
};

[[nodiscard]] const PresetFacts& facts(Preset);

}  // namespace config
