// SPDX-License-Identifier: Apache-2.0
// Something wrong with the settings, told as "where: key: what is wrong, and what may have been meant".
// Thread: any; a value.
#pragma once

#include <string>
#include <vector>

namespace config {

struct Mistake {
  std::string where;  // "kodama.yaml:3:7", "KODAMA__DEV", "--dev"; empty: nobody wrote it, a default is at fault
  std::string key;    // empty where `where` names it already
  std::string what;
};

using Mistakes = std::vector<Mistake>;

// Without a newline.
[[nodiscard]] std::string format(const Mistake&);
// A line each.
[[nodiscard]] std::string format(const Mistakes&);

}  // namespace config
