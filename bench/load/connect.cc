// SPDX-License-Identifier: Apache-2.0
// The connecting load: connections are opened, upgraded and closed (or kept), a bounded number at a time.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <list>
#include <string>

#include "absl/strings/str_format.h"
#include "bench/load/client.h"
#include "bench/load/options.h"
#include "bench/load/reactor.h"
#include "bench/load/report.h"
#include "bench/load/usage.h"

namespace bench::load {
namespace {

constexpr std::int64_t nap_ns = 10'000'000;
constexpr std::int64_t patience_ns = 10'000'000'000;  // without any progress
constexpr std::int64_t settle_ns = 100'000'000;       // the server closes its ends of the last ones
constexpr std::uint32_t connections_a_source = 20'000;

struct Nowhere final : Sink {
  void on_payload(std::string_view) override {}
};

class Connector final : private Client::Watcher {
 public:
  Connector(const ConnectOptions& options, Reactor& reactor)
      : options_(options), reactor_(reactor), server_(options.common.pids) {
    if (options.common.tls) tls_ = make_tls_context();
    protocol_.host = options.common.host;
    protocol_.topics = {"bench-0"};
  }

  int run() {
    const std::int64_t begin = monotonic_ns();
    const std::int64_t cpu_begin = server_.cpu_ns();
    std::int64_t last_ns = begin;
    std::uint32_t last = 0;
    while (finished() < options_.connections) {
      while (begun_ < options_.connections && may_begin()) begin_one();
      reactor_.poll(reactor_.now_ns() + nap_ns);
      forget_ended();
      const std::int64_t now = reactor_.now_ns();
      if (finished() != last) {
        last = finished();
        last_ns = now;
      } else if (now - last_ns > patience_ns) {
        note("no further connection became ready");
        break;
      }
      if (progress_.due(now)) progress_.show(now, absl::StrFormat("connected %d of %d", opened_, options_.connections));
    }
    const double seconds = static_cast<double>(monotonic_ns() - begin) / 1e9;
    const std::int64_t settled = monotonic_ns() + settle_ns;
    while (reactor_.now_ns() < settled) reactor_.poll(settled);
    return report(seconds, static_cast<double>(server_.cpu_ns() - cpu_begin) / 1e9);
  }

 private:
  std::uint32_t finished() const { return opened_ + failed_; }

  // Beside those that are opened, as many again may be on their way to be closed.
  bool may_begin() const {
    return begun_ - finished() < options_.in_flight && (options_.keep || clients_.size() < 2 * options_.in_flight);
  }

  void begin_one() {
    Reactor::Connect connect;
    connect.to = options_.common.connect;
    if (options_.common.source.bytes != 0 && options_.common.source.bytes == connect.to.bytes) {
      connect.from = address_after(options_.common.source, options_.keep ? begun_ / connections_a_source : 0);
    }
    ++begun_;
    clients_.emplace_front(Client::Options{.reactor = reactor_, .tls = tls_.get(), .sink = nowhere_, .watcher = *this},
                           make_protocol(options_.common.protocol, protocol_));
    if (clients_.front().open(connect)) return;
    note(std::strerror(errno));
    ++failed_;
    clients_.pop_front();
  }

  void on_ready(Client& client) override {
    ++opened_;
    if (!options_.keep) client.close();
  }

  void on_ended(Client&, const std::string& reason) override {
    ended_ = true;
    if (reason.empty()) return;
    note(reason);
    ++failed_;
  }

  // The list holds only those in flight, unless they are kept.
  void forget_ended() {
    if (std::exchange(ended_, false)) clients_.remove_if([](const Client& client) { return !client.open(); });
  }

  void note(const std::string& what) {
    if (error_.empty()) error_ = what;
  }

  int report(double seconds, double cpu_s) {
    progress_.done();
    const bool valid = failed_ == 0 && opened_ == options_.connections;
    JsonObject json;
    json.add("protocol", options_.common.protocol);
    json.add("tls", options_.common.tls);
    json.add("connections", opened_);
    json.add("in_flight", options_.in_flight);
    json.add("keep", options_.keep);
    json.add("seconds", seconds);
    json.add("per_s", opened_ / seconds);
    json.add("server_cpu_s", cpu_s);
    json.add("per_cpu_s", cpu_s == 0 ? 0 : opened_ / cpu_s);
    json.add("failed", failed_);
    json.add("rss_bytes", server_.rss_bytes());
    json.add("valid", valid);
    absl::PrintF("%d connections in %.2f s: %.0f/s, %.0f per second of the server's CPU\n", opened_, seconds,
                 opened_ / seconds, cpu_s == 0 ? 0 : opened_ / cpu_s);
    if (!valid)
      absl::FPrintF(stderr, "bench_load: invalid: %d failed; the first: %s\n", options_.connections - opened_, error_);
    return write_json(options_.common.json, json) && valid ? 0 : 1;
  }

  const ConnectOptions& options_;
  Reactor& reactor_;
  Processes server_;
  Nowhere nowhere_;
  TlsContext tls_;
  ProtocolOptions protocol_;
  Progress progress_;
  std::list<Client> clients_;
  std::uint32_t begun_ = 0;
  std::uint32_t opened_ = 0;
  std::uint32_t failed_ = 0;
  bool ended_ = false;
  std::string error_;
};

}  // namespace

int run_connect(const ConnectOptions& options) {
  const std::uint32_t sockets = options.keep ? options.connections : 2 * options.in_flight;
  std::string error;
  const auto reactor = Reactor::make({.sockets_max = sockets, .spin = options.common.spin}, error);
  if (reactor == nullptr) {
    absl::FPrintF(stderr, "bench_load: %s\n", error);
    return 1;
  }
  return Connector(options, *reactor).run();
}

}  // namespace bench::load
