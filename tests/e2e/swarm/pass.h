// SPDX-License-Identifier: Apache-2.0
// One server from its start to its end, with all who read from it and publish to it: what every scenario has in common.
// Thread: the program's only one.
// Owns: the server and all connections. Errors: Findings; run() says whether everything held.
#pragma once

#include <chrono>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/e2e/swarm/ledger.h"
#include "tests/e2e/swarm/options.h"
#include "tests/e2e/swarm/publisher.h"
#include "tests/e2e/swarm/reader.h"
#include "tests/e2e/swarm/server.h"

namespace swarm {

using Clock = std::chrono::steady_clock;

class Pass {
 public:
  Pass(const Options& options, std::string name, Sizes sizes);
  virtual ~Pass() = default;
  Pass(const Pass&) = delete;
  Pass& operator=(const Pass&) = delete;

  [[nodiscard]] bool run();

 protected:
  // Of the server, beside those that every pass needs.
  [[nodiscard]] virtual std::vector<std::string> settings() const;
  // Bytes of deliveries that may be on their way to a reader: the publishers wait for the slowest that counts.
  [[nodiscard]] virtual std::uint64_t backlog_bytes() const { return 2 * 1024 * 1024; }
  virtual void on_publishing() {}
  virtual void on_turn() {}  // between two rounds of the loop, while there is publishing and until all is settled
  virtual void on_gone(unsigned reader);
  [[nodiscard]] virtual bool settled() const { return true; }
  virtual void check(std::string_view metrics);

  void make_reader(Reader::Kind kind);
  [[nodiscard]] double progress() const;  // of publishing, 0 to 1
  [[nodiscard]] bool published() const { return ledger_.known_total() == options_.messages; }
  [[nodiscard]] std::uint64_t total(std::uint64_t (Reader::*count)() const) const;

  const Options options_;
  Findings findings_;
  Ledger ledger_;
  Server server_;
  std::mt19937_64 random_;
  // The first options_.subscribers of them must lose nothing and are what the publishers wait for.
  std::vector<std::unique_ptr<Reader>> readers_;
  std::uint64_t memory_before_ = 0;

 private:
  [[nodiscard]] bool start();
  [[nodiscard]] bool gather();
  [[nodiscard]] bool spread(const std::vector<unsigned>& shares);
  [[nodiscard]] bool connect_publishers();
  [[nodiscard]] bool publish();
  [[nodiscard]] bool settle();
  void end();
  [[nodiscard]] bool turn();
  void subscribe_late();
  void pump();
  [[nodiscard]] bool all_arrived() const;
  void show_progress();
  void explain() const;
  void summarise(bool complete) const;

  const std::string name_;
  Loop loop_;
  std::unique_ptr<Dialer> dialer_;
  std::vector<std::unique_ptr<Publisher>> publishers_;
  std::vector<bool> late_;  // readers whose last topic is yet to be subscribed
  std::size_t next_pump_ = 0;
  std::uint64_t backlog_messages_ = 0;
  Clock::time_point began_;
  Clock::time_point deadline_;
  Clock::time_point shown_;
  Clock::duration publishing_{};
  Clock::duration settling_{};
};

}  // namespace swarm
