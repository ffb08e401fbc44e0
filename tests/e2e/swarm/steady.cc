// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/swarm/pass.h"
#include "tests/e2e/swarm/scenarios.h"

namespace swarm {
namespace {

class SteadyPass final : public Pass {
 public:
  explicit SteadyPass(const Options& options) : Pass(options, name_of(options.scenario), Sizes{}) {}

 private:
  void check(std::string_view metrics) override {
    Pass::check(metrics);
    if (const double dropped = metric_sum(metrics, "kodama_deliveries_dropped_total", ""); dropped != 0) {
      findings_.fail("the server counts " + std::to_string(dropped) + " deliveries as dropped");
    }
    const double delivered = metric_sum(metrics, "kodama_deliveries_total", "dialect=\"native\"");
    if (delivered != static_cast<double>(total(&Reader::deliveries))) {
      findings_.fail("the server counts " + std::to_string(delivered) + " deliveries, and " +
                     std::to_string(total(&Reader::deliveries)) + " were received");
    }
    const double handshakes = metric_sum(metrics, "kodama_tls_handshakes_total", "TLSv1.3");
    if (options_.secure != (handshakes >= options_.subscribers)) {
      findings_.fail("the server counts " + std::to_string(handshakes) + " handshakes of TLS 1.3");
    }
  }
};

}  // namespace

bool run_steady(const Options& options) { return SteadyPass(options).run(); }

}  // namespace swarm
