// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/swarm/pass.h"

#include <algorithm>
#include <cstdio>

namespace swarm {
namespace {

using namespace std::chrono_literals;

constexpr unsigned connecting_max = 32;  // at a time
constexpr unsigned dials_per_reader_max = 50;
constexpr unsigned late_every = 10;  // readers: one of them subscribes to its last topic in the midst of it
constexpr int turn_ms = 2;
constexpr auto progress_every = 3s;
constexpr auto quiet = 200ms;     // in which nothing may come that nobody sent
constexpr int going_away = 1001;  // RFC 6455 §7.4.1
constexpr std::size_t findings_max = 20;
constexpr double MiB = 1024 * 1024;

double seconds(Clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

Pass::Pass(const Options& options, std::string name, Sizes sizes)
    : options_(options),
      ledger_(options.topics, options.publishers, sizes, findings_),
      random_(options.seed),
      name_(std::move(name)),
      late_(options.subscribers) {}

bool Pass::run() {
  began_ = shown_ = Clock::now();
  deadline_ = began_ + std::chrono::duration_cast<Clock::duration>(options_.deadline());
  const bool complete = start() && gather() && connect_publishers() && publish() && settle();
  if (complete) {
    ledger_.check();
    const std::string metrics = server_.scrape();
    if (metrics.empty()) findings_.fail("/metrics does not answer");
    check(metrics);
  } else {
    explain();
  }
  end();
  if (options_.verbose || !findings_.none()) std::fprintf(stderr, "the server's log:\n%s", server_.log().c_str());
  summarise(complete);
  return complete && findings_.none();
}

std::vector<std::string> Pass::settings() const {
  return {"--log.messages",
          std::to_string(std::max<std::uint64_t>(20'000, options_.messages)),
          "--log.bytes",
          "1GiB",
          "--websocket.ping_interval",
          "1s",
          "--websocket.ping_timeout",
          "1m"};
}

bool Pass::start() {
  std::vector<std::string> arguments = {"serve",
                                        "--dev",
                                        "true",
                                        "--shards",
                                        std::to_string(options_.shards),
                                        "--listen.http",
                                        "127.0.0.1:0",
                                        "--listen.https",
                                        "127.0.0.1:0",
                                        "--listen.admin",
                                        "127.0.0.1:0",
                                        "--timeouts.body",
                                        "10m",
                                        "--timeouts.handshake",
                                        "1m"};
  for (std::string& each : settings()) arguments.push_back(std::move(each));
  if (std::string wrong = server_.start(options_.binary, arguments, 20s * options_.slow); !wrong.empty()) {
    findings_.fail(wrong);
    return false;
  }
  const std::uint16_t port = options_.secure ? server_.https_port() : server_.http_port();
  dialer_ = std::make_unique<Dialer>(port, options_.secure ? server_.certificate() : "");
  if (!dialer_->usable()) findings_.fail("the server's certificate cannot be read: " + server_.certificate());
  for (unsigned i = 0; i < options_.subscribers; ++i) make_reader({});
  return dialer_->usable();
}

void Pass::make_reader(Reader::Kind kind) {
  const auto number = static_cast<unsigned>(readers_.size());
  readers_.push_back(
      std::make_unique<Reader>(Surroundings{loop_, *dialer_, findings_}, ledger_, number, options_.topics, kind));
}

// ---- before publishing

bool Pass::gather() {
  std::vector<unsigned> shares(options_.shards, options_.subscribers / options_.shards);
  for (unsigned i = 0; i < options_.subscribers % options_.shards; ++i) ++shares[i];
  if (!spread(shares)) return false;
  for (unsigned i = 0; i < options_.subscribers; ++i) {
    // Spread evenly over the topics, and each with topics far apart: neighbours share some.
    late_[i] = i % late_every == late_every - 1;
    for (unsigned k = 0; k < topics_per_subscriber - (late_[i] ? 1 : 0); ++k) {
      readers_[i]->follow((i + k * (options_.topics / topics_per_subscriber)) % options_.topics);
    }
  }
  while (!std::ranges::all_of(readers_, [](const auto& each) { return each->subscribed(); })) {
    if (!turn()) return false;
  }
  return true;
}

// The kernel chooses the shard of a connection: it is made again until every shard has its share.
bool Pass::spread(const std::vector<unsigned>& shares) {
  std::vector<unsigned> have(shares.size());
  std::vector<bool> placed(options_.subscribers);
  unsigned settled_readers = 0;
  unsigned dials = 0;
  while (settled_readers < options_.subscribers) {
    unsigned connecting = 0;
    for (unsigned i = 0; i < options_.subscribers && connecting < connecting_max; ++i) {
      Reader& reader = *readers_[i];
      if (placed[i]) continue;
      if (reader.connected()) {
        if (reader.shard() >= shares.size()) {
          findings_.fail("there is no shard " + std::to_string(reader.shard()));
          return false;
        }
        if (have[reader.shard()] < shares[reader.shard()]) {
          ++have[reader.shard()];
          ++settled_readers;
          placed[i] = true;
          continue;
        }
        reader.drop(false, false);
      }
      if (reader.gone()) {
        reader.connect();
        ++dials;
      }
      ++connecting;
    }
    if (dials > dials_per_reader_max * options_.subscribers) {
      findings_.fail("the kernel gives some shard no connections");
      return false;
    }
    if (!turn()) return false;
  }
  std::printf("swarm %s: %u readers, %u on each of %u shards after %u connections\n", name_.c_str(),
              options_.subscribers, shares[0], options_.shards, dials);
  return true;
}

bool Pass::connect_publishers() {
  on_publishing();
  for (unsigned i = 0; i < options_.publishers; ++i) {
    const std::uint64_t share =
        options_.messages / options_.publishers + (i < options_.messages % options_.publishers ? 1 : 0);
    const Publisher::Task task{.number = i, .topics = options_.topics, .messages = share, .seed = options_.seed};
    publishers_.push_back(make_publisher({loop_, *dialer_, findings_}, ledger_, task));
    publishers_.back()->connect();
  }
  while (!std::ranges::all_of(publishers_, [](const auto& each) { return each->ready(); }) ||
         !std::ranges::all_of(readers_, [](const auto& each) { return each->subscribed(); })) {
    if (!turn()) return false;
  }
  memory_before_ = server_.resident_bytes();
  server_.mark_memory();
  backlog_messages_ = std::max<std::uint64_t>(8, backlog_bytes() / ledger_.sizes().delivery_bytes_max());
  return true;
}

// ---- publishing

bool Pass::publish() {
  const auto from = Clock::now();
  std::size_t finished = 0;
  while (finished < publishers_.size()) {
    if (!turn()) return false;
    on_turn();
    for (unsigned i = 0; i < readers_.size(); ++i) {
      if (readers_[i]->gone()) on_gone(i);
    }
    subscribe_late();
    pump();
    finished = 0;
    for (const auto& each : publishers_) {
      if (each->left() == 0 && each->outstanding() == 0) each->finish();
      if (each->finished()) ++finished;
    }
  }
  publishing_ = Clock::now() - from;
  return true;
}

// All that is on its way is bounded: what is not answered, and what the slowest reader has not got.
void Pass::pump() {
  std::uint64_t backlog = 0;
  for (unsigned i = 0; i < options_.subscribers; ++i) {
    if (readers_[i]->live()) backlog = std::max(backlog, readers_[i]->lag());
  }
  for (const auto& each : publishers_) backlog += each->outstanding();
  if (backlog >= backlog_messages_) return;
  std::uint64_t room = backlog_messages_ - backlog;
  ++next_pump_;  // so that none is always first
  for (std::size_t i = 0; i < publishers_.size() && room > 0; ++i) {
    Publisher& publisher = *publishers_[(next_pump_ + i) % publishers_.size()];
    const std::uint64_t fair = room / (publishers_.size() - i);
    room -= publisher.pump(std::max<std::uint64_t>(1, fair));
  }
}

void Pass::subscribe_late() {
  for (unsigned i = 0; i < options_.subscribers; ++i) {
    if (!late_[i] || progress() < 0.01 * (i % 50)) continue;
    late_[i] = false;
    const unsigned last = topics_per_subscriber - 1;
    readers_[i]->follow((i + last * (options_.topics / topics_per_subscriber)) % options_.topics);
  }
}

double Pass::progress() const {
  return static_cast<double>(ledger_.known_total()) / static_cast<double>(options_.messages);
}

bool Pass::all_arrived() const {
  return published() &&
         std::ranges::all_of(readers_, [](const auto& each) { return each->live() && each->lag() == 0; });
}

bool Pass::settle() {
  const auto from = Clock::now();
  while (!all_arrived() || !settled()) {
    if (!turn()) return false;
    on_turn();
    subscribe_late();
    for (unsigned i = 0; i < readers_.size(); ++i) {
      if (readers_[i]->gone()) on_gone(i);
    }
  }
  settling_ = Clock::now() - from;
  for (const auto until = Clock::now() + quiet; Clock::now() < until;) {
    if (!turn()) return false;
  }
  return true;
}

bool Pass::turn() {
  loop_.run_once(turn_ms);
  const auto now = Clock::now();
  if (now - shown_ > progress_every) show_progress();
  if (!server_.running()) {
    findings_.fail("the server is gone");
  } else if (now > deadline_) {
    findings_.fail("it was not done in " + std::to_string(static_cast<int>(options_.deadline().count())) + " s");
  } else {
    return findings_.count() < findings_max;
  }
  return false;
}

void Pass::on_gone(unsigned reader) {
  findings_.fail("reader " + std::to_string(reader) + " lost its connection, " +
                 std::to_string(readers_[reader]->close_code()));
  readers_[reader]->connect();
}

// ---- the end

void Pass::check(std::string_view metrics) {
  const auto expect = [&](const char* name, const char* label, std::uint64_t wanted) {
    const double found = metric_sum(metrics, name, label);
    if (found != static_cast<double>(wanted)) {
      findings_.fail(std::string(name) + "{" + label + "} is " + std::to_string(found) + ", not " +
                     std::to_string(wanted));
    }
  };
  expect("kodama_messages_published_total", "", options_.messages);
  expect("kodama_connections", "dialect=\"native\"", readers_.size());
  expect("kodama_subscriptions", "dialect=\"native\"",
         options_.subscribers * topics_per_subscriber + (readers_.size() - options_.subscribers) * options_.topics);
}

void Pass::end() {
  if (!server_.running()) {
    findings_.fail(server_.verdict());
    return;
  }
  server_.terminate();
  const auto until = Clock::now() + std::chrono::duration_cast<Clock::duration>(15s * options_.slow);
  while (server_.running() && Clock::now() < until) loop_.run_once(turn_ms);
  loop_.run_once(turn_ms);
  if (std::string wrong = server_.verdict(); !wrong.empty()) findings_.fail(wrong);
  if (!findings_.none()) return;
  for (unsigned i = 0; i < readers_.size(); ++i) {
    if (!readers_[i]->gone() || readers_[i]->close_code() != going_away) {
      findings_.fail("at the server's end reader " + std::to_string(i) + " was told " +
                     std::to_string(readers_[i]->close_code()));
    }
  }
}

std::uint64_t Pass::total(std::uint64_t (Reader::*count)() const) const {
  std::uint64_t sum = 0;
  for (const auto& each : readers_) sum += (*each.*count)();
  return sum;
}

void Pass::show_progress() {
  shown_ = Clock::now();
  std::printf(
      "swarm %s: %5.1f s, %llu of %llu messages, %llu deliveries, %llu resumed, server %.0f MiB\n", name_.c_str(),
      seconds(shown_ - began_), static_cast<unsigned long long>(ledger_.known_total()),
      static_cast<unsigned long long>(options_.messages), static_cast<unsigned long long>(total(&Reader::deliveries)),
      static_cast<unsigned long long>(total(&Reader::recoveries)), static_cast<double>(server_.resident_bytes()) / MiB);
  std::fflush(stdout);
}

// Who is behind, when it did not end.
void Pass::explain() const {
  for (const auto& each : publishers_) {
    std::fprintf(stderr, "publisher %u: %llu left, %llu outstanding, %s%s\n", each->number(),
                 static_cast<unsigned long long>(each->left()), static_cast<unsigned long long>(each->outstanding()),
                 each->ready() ? "ready" : "not ready", each->finished() ? ", finished" : "");
  }
  int shown = 0;
  for (const auto& each : readers_) {
    if ((!each->live() || each->lag() > 0) && ++shown <= 10) std::fprintf(stderr, "%s\n", each->position().c_str());
  }
}

void Pass::summarise(bool complete) const {
  const std::uint64_t deliveries = total(&Reader::deliveries);
  const double took = seconds(publishing_);
  std::printf(
      "swarm %s: %s. %u shards, %u readers, seed %llu: %llu messages, %llu deliveries (%.0f MiB), published in %.1f s "
      "(%.0f deliveries/s) and settled in %.1f s, %llu resumed, %llu announced lost, %zu findings, %.1f s in all\n",
      name_.c_str(), complete && findings_.none() ? "held" : "FAILED", options_.shards,
      static_cast<unsigned>(readers_.size()), static_cast<unsigned long long>(options_.seed),
      static_cast<unsigned long long>(ledger_.known_total()), static_cast<unsigned long long>(deliveries),
      static_cast<double>(total(&Reader::delivery_bytes)) / MiB, took,
      took > 0 ? static_cast<double>(deliveries) / took : 0.0, seconds(settling_),
      static_cast<unsigned long long>(total(&Reader::recoveries)),
      static_cast<unsigned long long>(total(&Reader::announced_lost)), findings_.count(),
      seconds(Clock::now() - began_));
  std::fflush(stdout);
}

}  // namespace swarm
