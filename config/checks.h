// SPDX-License-Identifier: Apache-2.0
// What must hold between keys, and of the files that keys name. Each refusal gives its reason.
// Thread: any.
#pragma once

#include "config/load.h"

namespace config {

// Pure. A check is left out when one of its keys could not be read: that mistake is told already.
void check_between_keys(Loaded&);

// Opens the files: certificate, key, access keys.
void check_files(Loaded&);

}  // namespace config
