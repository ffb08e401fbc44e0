// SPDX-License-Identifier: Apache-2.0
// What must hold between keys, and of the files that keys name. Each refusal gives its reason.
// Thread: any.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "config/load.h"

namespace config {

// Pure. A check is left out when one of its keys could not be read: that mistake is told already.
void check_between_keys(Loaded&);

// Opens the files: certificate, key, access keys.
void check_files(Loaded&);

using Keys = std::initializer_list<std::string_view>;
// A mistake that these keys make together, told where the operator wrote it: at the first of them that stands in the
// last of the layers. For checks that need more than config/ knows.
void refuse(Loaded&, Keys keys, std::string what);

}  // namespace config
