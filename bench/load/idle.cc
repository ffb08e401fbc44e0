// SPDX-License-Identifier: Apache-2.0
// The idle load: many subscribers to whom nothing is published; what each of them takes of memory and of CPU.
#include <cstdio>
#include <deque>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "bench/load/fleet.h"
#include "bench/load/options.h"
#include "bench/load/reactor.h"
#include "bench/load/report.h"
#include "bench/load/usage.h"

namespace bench::load {
namespace {

constexpr std::int64_t nap_ns = 10'000'000;
constexpr std::int64_t settle_ns = 1'000'000'000;  // what a handshake needed is given back by then

struct Nowhere final : Sink {
  void on_payload(std::string_view) override {}
};

struct Step {
  double connections;
  double rss_bytes;
  double slab_bytes;
};

// How much `value` grows with each connection, by least squares over the steps; of one step, what it has above the
// start.
double slope(const std::vector<Step>& steps, double Step::*value) {
  const std::size_t first = steps.size() > 2 ? 1 : 0;  // the start has not yet what the first connection makes
  const auto count = static_cast<double>(steps.size() - first);
  double mean_x = 0;
  double mean_y = 0;
  for (std::size_t at = first; at < steps.size(); ++at) {
    mean_x += steps[at].connections / count;
    mean_y += steps[at].*value / count;
  }
  double xy = 0;
  double xx = 0;
  for (std::size_t at = first; at < steps.size(); ++at) {
    xy += (steps[at].connections - mean_x) * (steps[at].*value - mean_y);
    xx += (steps[at].connections - mean_x) * (steps[at].connections - mean_x);
  }
  return xx == 0 ? 0 : xy / xx;
}

class Idle {
 public:
  Idle(const IdleOptions& options, Reactor& reactor)
      : options_(options), reactor_(reactor), server_(options.common.pids), fleet_(reactor, options.common) {}

  int run() {
    measure();
    for (std::uint32_t step = 1; step <= options_.steps; ++step) {
      const auto wanted = static_cast<std::uint32_t>(std::uint64_t{options_.subscribers} * step / options_.steps);
      while (fleet_.size() < wanted) fleet_.add_subscriber(options_.rooms ? "bench-0" : "", nowhere_);
      if (!fleet_.open(progress_)) return end();
      wait(settle_ns, "settling");
      measure();
    }
    const std::int64_t begin = monotonic_ns();
    const std::int64_t cpu_begin = server_.cpu_ns();
    wait(options_.hold.count(), "holding");
    const std::int64_t cpu_ns = server_.cpu_ns() - cpu_begin;
    seconds_ = static_cast<double>(monotonic_ns() - begin) / 1e9;
    server_cpu_ns_ = static_cast<double>(cpu_ns);
    return end();
  }

 private:
  void measure() {
    steps_.push_back({static_cast<double>(fleet_.size()), static_cast<double>(server_.rss_bytes()),
                      static_cast<double>(slab_bytes())});
  }

  void wait(std::int64_t duration_ns, const char* phase) {
    const std::int64_t end = monotonic_ns() + duration_ns;
    while (reactor_.now_ns() < end && fleet_.error().empty()) {
      reactor_.poll(reactor_.now_ns() + nap_ns);
      const std::int64_t now = reactor_.now_ns();
      if (progress_.due(now)) {
        progress_.show(
            now, absl::StrFormat("%s %d connections, %d s left", phase, fleet_.size(), (end - now) / 1'000'000'000));
      }
    }
  }

  int end() {
    progress_.done();
    const bool valid = fleet_.error().empty();
    if (!valid) absl::FPrintF(stderr, "bench_load: invalid: %s\n", fleet_.error());
    const double rss = slope(steps_, &Step::rss_bytes);
    const double slab = slope(steps_, &Step::slab_bytes);
    const double held = steps_.back().connections * seconds_;
    const double cpu = held == 0 ? 0 : server_cpu_ns_ / held;
    std::string steps;
    for (const Step& step : steps_) {
      absl::StrAppendFormat(&steps, "%s[%.0f,%.0f,%.0f]", steps.empty() ? "" : ",", step.connections, step.rss_bytes,
                            step.slab_bytes);
    }
    JsonObject json;
    json.add("protocol", options_.common.protocol);
    json.add("tls", options_.common.tls);
    json.add("connections", std::uint64_t{fleet_.size()});
    json.add("rss_per_connection", rss);
    json.add("slab_per_connection", slab);
    json.add("cpu_ns_per_connection_s", cpu);
    json.add("seconds", seconds_);
    json.add("server_cpu_s", server_cpu_ns_ / 1e9);
    json.add("rss_bytes", steps_.back().rss_bytes);
    json.add("slab_bytes", steps_.back().slab_bytes - steps_.front().slab_bytes);
    json.add_json("steps", "[" + steps + "]");
    json.add("valid", valid);
    absl::PrintF("%d connections: RSS %.0f B each, slab of both ends %.0f B each\n", fleet_.size(), rss, slab);
    absl::PrintF("held %.1f s: %.0f ns of the server's CPU a connection and second\n", seconds_, cpu);
    return write_json(options_.common.json, json) && valid ? 0 : 1;
  }

  const IdleOptions& options_;
  Reactor& reactor_;
  Processes server_;
  Nowhere nowhere_;
  Progress progress_;
  Fleet fleet_;
  std::vector<Step> steps_;
  double seconds_ = 0;
  double server_cpu_ns_ = 0;
};

}  // namespace

int run_idle(const IdleOptions& options) {
  std::string error;
  const auto reactor = Reactor::make({.sockets_max = options.subscribers, .spin = options.common.spin}, error);
  if (reactor == nullptr) {
    absl::FPrintF(stderr, "bench_load: %s\n", error);
    return 1;
  }
  return Idle(options, *reactor).run();
}

}  // namespace bench::load
