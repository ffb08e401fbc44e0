// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>

#include "tests/e2e/swarm/pass.h"
#include "tests/e2e/swarm/scenarios.h"

namespace swarm {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t KiB = 1024;
constexpr std::uint64_t MiB = 1024 * KiB;
constexpr std::uint64_t message_bytes = 64 * KiB;
constexpr std::uint64_t queue_bytes = 512 * KiB;
// A run of deliveries that subscribers share is at most that long (and a message): what an overflow may be short of.
constexpr std::uint64_t run_bytes = 64 * KiB;
constexpr int receive_buffer_bytes = 16 * 1024;
// What there must be of content so that a stretch of it is more than the queue and the sockets' buffers together.
constexpr std::uint64_t content_bytes = 12 * MiB;
constexpr int try_again_later = 1013;

Sizes sizes_for(const Options& options) {
  return {.least = std::max<std::size_t>(1024, content_bytes / options.messages), .spread = 64};
}

class StalledPass : public Pass {
 public:
  StalledPass(const Options& options, std::string name, std::uint64_t log_bytes, std::uint64_t log_messages)
      : Pass(options, std::move(name), sizes_for(options)), log_bytes_(log_bytes), log_messages_(log_messages) {}

 protected:
  [[nodiscard]] std::vector<std::string> settings() const override {
    return {"--limits.message_bytes",
            std::to_string(message_bytes) + "B",
            "--limits.queue_bytes",
            std::to_string(queue_bytes) + "B",
            "--log.messages",
            std::to_string(log_messages_),
            "--log.bytes",
            std::to_string(log_bytes_) + "B",
            "--websocket.ping_interval",
            "1h"};
  }
  // Well below queue_bytes: no policy can touch those who read.
  [[nodiscard]] std::uint64_t backlog_bytes() const override { return queue_bytes * 6 / 10; }

  void on_publishing() override {
    for (unsigned i = 0; i < stalled_readers; ++i) {
      make_reader({.losses = losses(), .link = {.receive_buffer_bytes = receive_buffer_bytes}});
      for (unsigned topic = 0; topic < options_.topics; ++topic) stalled(i).follow(topic);
      stalled(i).connect();
    }
  }
  [[nodiscard]] virtual Reader::Losses losses() const { return Reader::Losses::never; }
  [[nodiscard]] Reader& stalled(unsigned i) const { return *readers_[options_.subscribers + i]; }

  void check(std::string_view metrics) override {
    Pass::check(metrics);
    check_memory();
  }

 private:
  // The logs; each stalled reader's queue, its room for answers (64 KiB) and a run; and for all others together, the
  // mailboxes and the allocator, a sum that does not grow with what is published.
  void check_memory() {
    constexpr std::uint64_t rest = 32 * MiB;
    const std::uint64_t bound =
        memory_before_ + log_bytes_ + stalled_readers * (queue_bytes + 64 * KiB + run_bytes) + rest;
    const std::uint64_t most = server_.resident_bytes_most();
    std::printf("swarm: the server took %.1f MiB at most, %.1f MiB before; the bound is %.1f MiB%s\n",
                static_cast<double>(most) / MiB, static_cast<double>(memory_before_) / MiB,
                static_cast<double>(bound) / MiB, server_.sanitized() ? ", not asserted of a sanitized build" : "");
    if (most > bound && !server_.sanitized()) findings_.fail("the server's memory went over the bound");
  }

  const std::uint64_t log_bytes_;
  const std::uint64_t log_messages_;
};

// They lose by policy, in gaps that tile with what they get, and the server counts as many as it announces. The first
// few are away when it begins and stall in the midst of their replay: a gap must not overtake what is replayed, and
// what has left the log before the reader took the replay up to there is a gap too, of reason expired.
class DropOldestPass final : public StalledPass {
 public:
  explicit DropOldestPass(const Options& options) : StalledPass(options, "stalled/drop_oldest", 16 * MiB, 200) {}

 private:
  [[nodiscard]] std::vector<std::string> settings() const override {
    std::vector<std::string> all = StalledPass::settings();
    all.insert(all.end(), {"--queue.overflow", "drop_oldest"});
    return all;
  }
  [[nodiscard]] Reader::Losses losses() const override { return Reader::Losses::announced; }

  static constexpr unsigned absent_readers = 3;
  static constexpr double stalls_from = 0.02;

  // Three long stretches of the publishing, not quite the same ones for all; at its end everybody reads.
  void on_turn() override {
    for (unsigned i = 0; i < absent_readers && !absent_; ++i) stalled(i).drop(true, false);
    absent_ = true;  // before anything is published
    for (unsigned i = 0; i < stalled_readers; ++i) {
      const double at = progress() - 0.005 * i;
      const bool stalls = (at > stalls_from && at < 0.3) || (at > 0.4 && at < 0.65) || at > 0.7;
      stalled(i).pause(stalls && stalled(i).subscribed() && !published());
    }
  }

  void on_gone(unsigned number) override {
    const bool absent = number >= options_.subscribers && number < options_.subscribers + absent_readers;
    if (!absent || readers_[number]->recoveries() > 0) return Pass::on_gone(number);
    if (progress() > stalls_from) readers_[number]->connect();
  }

  void check(std::string_view metrics) override {
    StalledPass::check(metrics);
    for (unsigned i = 0; i < stalled_readers; ++i) {
      if (stalled(i).announced_lost() == 0) findings_.fail("a stalled reader lost nothing: " + stalled(i).position());
    }
    const double counted = metric_sum(metrics, "kodama_deliveries_dropped_total", "");
    if (counted != static_cast<double>(total(&Reader::announced_lost))) {
      findings_.fail("the server counts " + std::to_string(counted) + " dropped deliveries and announced " +
                     std::to_string(total(&Reader::announced_lost)));
    }
  }

  bool absent_ = false;
};

// They are closed with 1013 behind all that was queued, come back and resume; who takes nothing at all is reset.
class DisconnectPass final : public StalledPass {
 public:
  explicit DisconnectPass(const Options& options)
      : StalledPass(options, "stalled/disconnect",
                    options.messages * (sizes_for(options).delivery_bytes_max() + 512) + 64 * MiB,
                    std::max<std::uint64_t>(20'000, options.messages)) {}

 private:
  static constexpr unsigned deaf_readers = 2;  // the first ones: they read nothing until they are reset
  static constexpr auto stall_least = 500ms;
  static constexpr auto stall_most = 2000ms;  // well within the patience with one who is being closed
  static constexpr auto reading = 300ms;
  struct Plan {
    enum class State { fresh, stalling, reading, ended } state = State::fresh;
    Clock::time_point until;
    Clock::duration stall = stall_least;
    std::uint64_t bytes_before = 0;
  };

  [[nodiscard]] std::vector<std::string> settings() const override {
    std::vector<std::string> all = StalledPass::settings();
    all.insert(all.end(), {"--queue.overflow", "disconnect"});
    return all;
  }

  void on_turn() override {
    const auto now = Clock::now();
    for (unsigned i = 0; i < stalled_readers; ++i) {
      Plan& plan = plans_[i];
      const bool due = now >= plan.until;
      if (plan.state == Plan::State::fresh || (plan.state == Plan::State::reading && due && !published())) {
        plan.state = Plan::State::stalling;
        plan.until = now + plan.stall;
        plan.stall = std::min<Clock::duration>(plan.stall * 2, stall_most);
        plan.bytes_before = stalled(i).delivery_bytes();
        stalled(i).pause(true);
      } else if (plan.state == Plan::State::stalling && due && i >= deaf_readers) {
        plan.state = Plan::State::reading;
        plan.until = now + reading;
        stalled(i).pause(false);
      }
    }
  }

  void on_gone(unsigned number) override {
    if (number < options_.subscribers) return Pass::on_gone(number);
    const unsigned i = number - options_.subscribers;
    const int code = stalled(i).close_code();
    const bool deaf = i < deaf_readers && plans_[i].state == Plan::State::stalling;
    if (code != (deaf ? WebSocket::no_close_frame : try_again_later)) {
      findings_.fail("a stalled reader's connection ended with " + std::to_string(code) + (deaf ? ", deaf" : ""));
    }
    if (!deaf && plans_[i].state == Plan::State::reading) {
      const std::uint64_t got = stalled(i).delivery_bytes() - plans_[i].bytes_before;
      if (got + run_bytes + ledger_.sizes().delivery_bytes_max() < queue_bytes) {
        findings_.fail("only " + std::to_string(got) + " bytes of a full queue came before the close frame");
      }
    }
    plans_[i].state = Plan::State::ended;  // from here on it reads; if it is too slow even so, it resumes again
    stalled(i).connect();
  }

  [[nodiscard]] bool settled() const override {
    return std::ranges::all_of(plans_, [](const Plan& each) { return each.state == Plan::State::ended; });
  }

  void check(std::string_view metrics) override {
    StalledPass::check(metrics);
    if (metric_sum(metrics, "kodama_connections_closed_total", "reason=\"slow_consumer\"") < stalled_readers) {
      findings_.fail("the server counts fewer slow consumers than there were");
    }
    if (total(&Reader::recoveries) < stalled_readers * options_.topics)
      findings_.fail("not every stalled reader resumed");
  }

  std::vector<Plan> plans_ = std::vector<Plan>(stalled_readers);
};

}  // namespace

bool run_stalled(const Options& options) {
  const bool dropped = DropOldestPass(options).run();
  return DisconnectPass(options).run() && dropped;
}

}  // namespace swarm
