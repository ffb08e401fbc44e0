// SPDX-License-Identifier: Apache-2.0
// floor accept: accept, read to the blank line, write a constant, and close when the client has closed.
#include "bench/floor/holding.h"

namespace bench::floor {

int accept(const Options& options) { return Holding(options, {}).run(); }

}  // namespace bench::floor
