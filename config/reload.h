// SPDX-License-Identifier: Apache-2.0
// Settings as they stand on the disk: read at the start, and again while the program runs. A reload takes over all that
// can change at run time (Takes::reload) or, where there is a mistake, nothing.
// Thread: the main thread; blocks on the disk. Errors: mistakes, told as check-config tells them.
#pragma once

#include <string>
#include <vector>

#include "config/load.h"

namespace config {

// Reads the file that the sources name, if they name one, and what its keys name, and checks all of it. `earlier` are
// mistakes that were made before, and are told first.
[[nodiscard]] Loaded read(Sources, Mistakes earlier = {});

struct Reload {
  Loaded loaded;  // with mistakes: nothing is to be changed. Otherwise its settings are what is to be in force
  std::vector<std::string> changed;  // keys whose values take effect
  std::vector<std::string> waiting;  // keys and sections that were changed and keep their value until a restart
};

// What read() has found, beside what is in force. The keys that take a restart keep their values; what they and the new
// ones make together is checked again.
[[nodiscard]] Reload compare(Loaded&& found, const Settings& in_force);

// The file anew; environment and flags are those of the start. `trees` are the start's too: no reload changes them.
[[nodiscard]] Reload reload(const Sources&, const Settings& in_force, const std::vector<Tree>& trees);

}  // namespace config
