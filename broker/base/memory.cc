// SPDX-License-Identifier: Apache-2.0
#include "broker/base/memory.h"

#include <malloc.h>

namespace broker::base {

void give_memory_back() { ::malloc_trim(0); }

}  // namespace broker::base
