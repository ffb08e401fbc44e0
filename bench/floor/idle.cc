// SPDX-License-Identifier: Apache-2.0
// floor idle: connections are accepted and upgraded, and then there is nothing but their sockets.
#include "bench/floor/holding.h"

namespace bench::floor {

int idle(const Options& options) { return Holding(options, {.receive_after_upgrade = false}).run(); }

}  // namespace bench::floor
