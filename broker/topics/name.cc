// SPDX-License-Identifier: Apache-2.0
#include "broker/topics/name.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace broker::topics {

std::size_t home_of(std::string_view group, std::size_t shards) {
  return static_cast<std::size_t>(XXH64(group.data(), group.size(), 0) % shards);
}

}  // namespace broker::topics
