// SPDX-License-Identifier: Apache-2.0
// Order and loss, checked on the real binary by a client that shares no code with it (README.md).
// Errors: exit code 0 only if everything held, 1 if not, 2 for a wrong command line.
#include <signal.h>

#include "tests/e2e/swarm/options.h"
#include "tests/e2e/swarm/scenarios.h"

int main(int argc, char** argv) {
  const std::optional<swarm::Options> options = swarm::read_options(argc, argv);
  if (!options) return 2;
  ::signal(SIGPIPE, SIG_IGN);
  switch (options->scenario) {
    case swarm::Scenario::plain:
    case swarm::Scenario::tls: return swarm::run_steady(*options) ? 0 : 1;
    case swarm::Scenario::resume: return swarm::run_resume(*options) ? 0 : 1;
    case swarm::Scenario::stalled: return swarm::run_stalled(*options) ? 0 : 1;
  }
  return 2;
}
