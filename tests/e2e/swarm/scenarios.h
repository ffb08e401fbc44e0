// SPDX-License-Identifier: Apache-2.0
// The four scenarios (README.md says what each asserts), each a pass with some behaviour of its own.
// Thread: the program's only one.
#pragma once

#include "tests/e2e/swarm/options.h"

namespace swarm {

// Everybody reads: nothing is lost. With options.secure over TLS 1.3.
[[nodiscard]] bool run_steady(const Options& options);
// Readers drop their connection at random and resume: no gap, no repeat.
[[nodiscard]] bool run_resume(const Options& options);
// Ten more readers stop reading for long stretches: once with drop_oldest, once with disconnect.
[[nodiscard]] bool run_stalled(const Options& options);

}  // namespace swarm
