// SPDX-License-Identifier: Apache-2.0
// The fan-out load: subscribers, publishers, an open or a closed loop, and every delivery checked.
#include <algorithm>
#include <bit>
#include <cstdio>
#include <deque>
#include <memory>

#include "absl/strings/str_format.h"
#include "bench/load/fleet.h"
#include "bench/load/options.h"
#include "bench/load/payload.h"
#include "bench/load/protocols.h"
#include "bench/load/reactor.h"
#include "bench/load/report.h"
#include "bench/load/usage.h"

namespace bench::load {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t nap_ns = 10'000'000;                // without spin, where nothing is due
constexpr std::int64_t drain_patience_ns = 5 * second_ns;  // without any delivery
constexpr std::size_t prefill_message_bytes = 16384;
constexpr std::uint32_t prefill_outstanding = 8;
constexpr std::size_t remembered_open_loop = 256;  // messages a topic; older ones are parsed
constexpr std::size_t remembered_total_max = 65536;

struct Subscriber final : Sink {
  Subscriber(Ledger& of, const Reactor& over, std::uint32_t topic) : ledger(of), reactor(over), place{topic} {}
  void on_payload(std::string_view payload) override { ledger.check(place, payload, reactor.now_ns()); }
  Ledger& ledger;
  const Reactor& reactor;
  Place place;
};

struct Nowhere final : Sink {
  void on_payload(std::string_view) override {}
};

// What is read at both ends of the window.
struct Reading {
  std::int64_t time_ns = 0;
  std::int64_t server_cpu_ns = 0;
  std::int64_t own_cpu_ns = 0;
  std::int64_t busy_ns = 0;
  Ledger::Counts counts;
};

std::size_t remembered(const FanoutOptions& options) {
  const std::size_t wanted = std::max<std::size_t>(remembered_open_loop, 2 * std::size_t{options.outstanding});
  const std::size_t fits = std::max<std::size_t>(16, remembered_total_max / options.topics);
  return std::bit_floor(std::min(std::bit_ceil(wanted), fits));
}

class Fanout {
 public:
  Fanout(const FanoutOptions& options, Reactor& reactor)
      : options_(options),
        reactor_(reactor),
        server_(options.common.pids),
        ledger_(options.topics, remembered(options), options.json ? Filling::json : Filling::x),
        fleet_(reactor, options.common) {}

  int run() {
    slab_before_ = slab_bytes();
    if (!connect() || !prefill()) return fail();
    const std::int64_t start = turn_end_ns_ = reactor_.now_ns();
    const std::int64_t begin = start + options_.warmup.count();
    const std::int64_t end = begin + options_.duration.count();
    due_begin_ns_ = start;
    ledger_.record_between(begin, end);
    load_until(begin, "warm-up");
    const Reading before = read();
    load_until(end, "measuring");
    const Reading after = read();
    rss_bytes_ = server_.rss_bytes();
    slab_bytes_ = slab_bytes() - slab_before_;
    drain(drain_patience_ns);
    for (const Subscriber& subscriber : subscribers_) ledger_.count_missing(subscriber.place);
    progress_.done();
    return report(before, after);
  }

 private:
  bool connect();
  bool prefill();
  void load_until(std::int64_t end_ns, const char* phase);
  void publish_due();
  void publish_outstanding(std::uint32_t outstanding, std::size_t bytes);
  void publish_next(std::int64_t due_ns, std::size_t bytes);
  void flush();
  void turn(std::int64_t until_ns);
  void drain(std::int64_t patience_ns);
  void show(const char* phase);
  std::uint64_t undelivered() const {
    const Ledger::Counts& counts = ledger_.counts();
    return counts.published * options_.subscribers -
           std::min(counts.published * options_.subscribers, counts.received + counts.lost);
  }
  std::int64_t due_ns(std::uint64_t message) const {
    return due_begin_ns_ + static_cast<std::int64_t>(static_cast<double>(message) * (1e9 / options_.rate));
  }
  Reading read() const;
  int fail();
  int report(const Reading& before, const Reading& after);

  const FanoutOptions& options_;
  Reactor& reactor_;
  Processes server_;
  Ledger ledger_;
  Progress progress_;
  std::deque<Subscriber> subscribers_;
  Nowhere nowhere_;
  std::vector<Client*> publishers_;
  std::size_t topics_a_publisher_ = 1;
  Fleet fleet_;

  std::uint32_t next_topic_ = 0;
  std::uint64_t scheduled_ = 0;  // messages that were due
  std::int64_t due_begin_ns_ = 0;
  std::vector<std::size_t> unflushed_;  // publishers, some of them twice
  std::int64_t busy_ns_ = 0;
  std::int64_t turn_end_ns_ = 0;
  std::uint64_t shown_ = 0;
  std::int64_t slab_before_ = 0;
  std::int64_t slab_bytes_ = 0;
  std::int64_t rss_bytes_ = 0;
};

bool Fanout::connect() {
  const auto topic_name = [](std::uint32_t topic) { return "bench-" + std::to_string(topic); };
  for (std::uint32_t count = 0; count < options_.subscribers; ++count) {
    for (std::uint32_t topic = 0; topic < options_.topics; ++topic) {
      Subscriber& subscriber = subscribers_.emplace_back(ledger_, reactor_, topic);
      fleet_.add_subscriber(topic_name(topic), subscriber);
    }
  }
  for (std::uint32_t count = 0; count < options_.stalled; ++count) {
    fleet_.add_stalled(topic_name(count % options_.topics), nowhere_);
  }
  topics_a_publisher_ = std::min<std::size_t>(publisher_topics_max(options_.publish_protocol), options_.topics);
  const Fleet::Publishing publishing{options_.publish_protocol, options_.publish_host, options_.publish_connect};
  for (std::uint32_t topic = 0; topic < options_.topics;) {
    std::vector<std::string> names;
    while (topic < options_.topics && names.size() < topics_a_publisher_) names.push_back(topic_name(topic++));
    publishers_.push_back(&fleet_.add_publisher(std::move(names), publishing, nowhere_));
  }
  return fleet_.open(progress_);
}

// Large messages until those who do not read are stuck; the others read all of them.
bool Fanout::prefill() {
  const std::uint64_t messages =
      (options_.prefill_bytes + prefill_message_bytes - 1) / prefill_message_bytes * options_.topics;
  while (ledger_.counts().published < messages && fleet_.error().empty()) {
    const std::uint64_t left = messages - ledger_.counts().published;
    publish_outstanding(static_cast<std::uint32_t>(std::min<std::uint64_t>(prefill_outstanding, left)),
                        prefill_message_bytes);
    turn(reactor_.now_ns() + nap_ns);
    show("filling");
  }
  drain(drain_patience_ns);
  return fleet_.error().empty();
}

void Fanout::load_until(std::int64_t end_ns, const char* phase) {
  while (reactor_.now_ns() < end_ns && fleet_.error().empty()) {
    if (options_.rate > 0) {
      publish_due();
      turn(std::min(end_ns, due_ns(scheduled_)));
    } else {
      publish_outstanding(options_.outstanding, options_.bytes);
      turn(std::min(end_ns, reactor_.now_ns() + nap_ns));
    }
    show(phase);
  }
}

// Open loop: a message that could not go out in time is still as old as if it had.
void Fanout::publish_due() {
  for (; due_ns(scheduled_) <= reactor_.now_ns(); ++scheduled_) publish_next(due_ns(scheduled_), options_.bytes);
}

void Fanout::publish_outstanding(std::uint32_t outstanding, std::size_t bytes) {
  const std::uint64_t bound = std::uint64_t{outstanding} * options_.subscribers;
  std::uint64_t open = undelivered();
  for (; open + options_.subscribers <= bound; open += options_.subscribers) publish_next(reactor_.now_ns(), bytes);
}

void Fanout::publish_next(std::int64_t due_ns, std::size_t bytes) {
  const std::uint32_t topic = next_topic_;
  if (++next_topic_ == options_.topics) next_topic_ = 0;
  const std::size_t publisher = topic / topics_a_publisher_;
  publishers_[publisher]->publish(topic % topics_a_publisher_, ledger_.make(topic, due_ns, bytes));
  if (unflushed_.empty() || unflushed_.back() != publisher) unflushed_.push_back(publisher);
}

void Fanout::flush() {
  for (const std::size_t publisher : unflushed_) publishers_[publisher]->flush();
  unflushed_.clear();
}

// Time counts as busy when there was something to send or to handle; the rest is the spin's.
void Fanout::turn(std::int64_t until_ns) {
  const bool sends = !unflushed_.empty();
  flush();
  const bool busy = reactor_.poll(until_ns) != 0 || sends;
  const std::int64_t end = busy ? monotonic_ns() : reactor_.now_ns();
  if (busy) busy_ns_ += end - turn_end_ns_;
  turn_end_ns_ = end;
}

void Fanout::drain(std::int64_t patience_ns) {
  std::uint64_t last = undelivered();
  std::int64_t last_ns = reactor_.now_ns();
  while (last != 0 && fleet_.error().empty() && reactor_.now_ns() - last_ns < patience_ns) {
    turn(reactor_.now_ns() + nap_ns);
    show("draining");
    const std::uint64_t now = undelivered();
    if (now != last) last_ns = reactor_.now_ns();
    last = now;
  }
}

void Fanout::show(const char* phase) {
  const std::int64_t now = reactor_.now_ns();
  if (!progress_.due(now)) return;
  const Ledger::Counts& counts = ledger_.counts();
  progress_.show(now, absl::StrFormat("%-9s %d published, %d delivered (+%d), %d outstanding", phase, counts.published,
                                      counts.received, counts.received - shown_, undelivered()));
  shown_ = counts.received;
}

Reading Fanout::read() const {
  return {.time_ns = monotonic_ns(),
          .server_cpu_ns = server_.cpu_ns(),
          .own_cpu_ns = own_cpu_ns(),
          .busy_ns = busy_ns_,
          .counts = ledger_.counts()};
}

int Fanout::fail() {
  progress_.done();
  absl::FPrintF(stderr, "bench_load: %s\n", fleet_.error());
  return 1;
}

int Fanout::report(const Reading& before, const Reading& after) {
  const Ledger::Counts& counts = ledger_.counts();
  const bool valid = ledger_.valid() && fleet_.error().empty();
  const double seconds = static_cast<double>(after.time_ns - before.time_ns) / 1e9;
  const auto deliveries = static_cast<std::int64_t>(after.counts.received - before.counts.received);
  // Of a server that ended meanwhile there is nothing to read any more.
  const auto server_ns = static_cast<double>(std::max<std::int64_t>(0, after.server_cpu_ns - before.server_cpu_ns));
  const std::int64_t own_ns = after.own_cpu_ns - before.own_cpu_ns;
  // What it slept is not in its CPU time; what it span is.
  const auto busy_ns = static_cast<double>(options_.common.spin ? after.busy_ns - before.busy_ns : own_ns);
  const auto each = [&](double ns) { return deliveries == 0 ? 0 : ns / static_cast<double>(deliveries); };
  const Histogram& latencies = ledger_.latencies();

  JsonObject json;
  json.add("protocol", options_.common.protocol);
  json.add("tls", options_.common.tls);
  json.add("topics", options_.topics);
  json.add("subscribers", options_.subscribers);
  json.add("stalled", options_.stalled);
  json.add("bytes", std::uint64_t{options_.bytes});
  json.add("rate", options_.rate);
  json.add("outstanding", options_.outstanding);
  json.add("seconds", seconds);
  json.add("published", after.counts.published - before.counts.published);
  json.add("deliveries", deliveries);
  json.add("deliveries_per_s", static_cast<double>(deliveries) / seconds);
  json.add("lost", counts.lost);
  json.add("reordered", counts.reordered);
  json.add("corrupt", counts.corrupt);
  json.add("valid", valid);
  json.add("server_cpu_s", server_ns / 1e9);
  json.add("cpu_ns_per_delivery", each(server_ns));
  json.add("generator_cpu_s", static_cast<double>(own_ns) / 1e9);
  json.add("generator_busy_s", busy_ns / 1e9);
  json.add("generator_busy_ns_per_delivery", each(busy_ns));
  json.add("rss_bytes", rss_bytes_);
  json.add("slab_bytes", slab_bytes_);
  json.add_json("latency_us", latencies_json(latencies));
  json.add_json("histogram", histogram_json(latencies));

  const auto us = [&](double share) { return static_cast<double>(latencies.quantile(share)) / 1e3; };
  absl::PrintF("%.1f s: %d published, %d deliveries, %.0f/s\n", seconds,
               after.counts.published - before.counts.published, deliveries, static_cast<double>(deliveries) / seconds);
  absl::PrintF("latency: p50 %.1f us, p90 %.1f, p99 %.1f, p99.9 %.1f, max %.1f\n", us(0.5), us(0.9), us(0.99),
               us(0.999), static_cast<double>(latencies.max()) / 1e3);
  absl::PrintF("CPU per delivery: server %.0f ns (%.0f %% of a core), generator %.0f ns (busy %.0f %%)\n",
               each(server_ns), server_ns / seconds / 1e7, each(busy_ns), busy_ns / seconds / 1e7);
  absl::PrintF("server memory: RSS %.1f MiB; slab, both ends: %.1f MiB\n", static_cast<double>(rss_bytes_) / 1048576,
               static_cast<double>(slab_bytes_) / 1048576);
  if (!valid) {
    absl::FPrintF(stderr, "bench_load: invalid: %d lost, %d reordered or repeated, %d corrupt%s%s\n", counts.lost,
                  counts.reordered, counts.corrupt, fleet_.error().empty() ? "" : "; ", fleet_.error());
  }
  return write_json(options_.common.json, json) && valid ? 0 : 1;
}

}  // namespace

int run_fanout(const FanoutOptions& options) {
  const std::uint64_t sockets = (std::uint64_t{options.subscribers} + 1) * options.topics + options.stalled;
  std::string error;
  const auto reactor =
      Reactor::make({.sockets_max = static_cast<std::uint32_t>(sockets), .spin = options.common.spin}, error);
  if (reactor == nullptr) {
    absl::FPrintF(stderr, "bench_load: %s\n", error);
    return 1;
  }
  return std::make_unique<Fanout>(options, *reactor)->run();
}

}  // namespace bench::load
