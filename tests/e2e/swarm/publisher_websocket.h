// SPDX-License-Identifier: Apache-2.0
// Publishing over WebSockets: native commands with ids, answered out of order across topics; and raw connections with
// ?publish=only, one a topic, that hear nothing back.
// Thread: the program's only one.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "tests/e2e/swarm/publisher.h"

namespace swarm {

class NativePublisher final : public Publisher, private WebSocket::Handler {
 public:
  NativePublisher(const Surroundings& around, Ledger& ledger, const Task& task)
      : Publisher(around, ledger, task), socket_(around, *this, "/ws", "kodama.v1.json") {}

  void connect() override { socket_.dial(); }
  [[nodiscard]] bool ready() const override { return socket_.ready() && !closing_; }
  [[nodiscard]] std::uint64_t outstanding() const override { return pending_.size(); }
  void finish() override;
  [[nodiscard]] bool finished() const override { return closed_; }

 private:
  void publish(const Identity& identity, const std::string& content) override;
  void on_ready(unsigned) override {}
  void on_text(std::string_view text) override;
  void on_closed(int code) override;

  WebSocket socket_;
  std::unordered_map<std::uint64_t, Identity> pending_;  // by the command's id
  std::uint64_t last_id_ = 0;
  bool closing_ = false;
  bool closed_ = false;
};

class RawPublisher final : public Publisher, private WebSocket::Handler {
 public:
  RawPublisher(const Surroundings& around, Ledger& ledger, const Task& task);

  void connect() override;
  [[nodiscard]] bool ready() const override { return ready_ == sockets_.size() && !closing_; }
  [[nodiscard]] std::uint64_t outstanding() const override {
    return ledger_.sent(task_.number) - ledger_.seen(task_.number);
  }
  void finish() override;
  [[nodiscard]] bool finished() const override { return closed_ == sockets_.size(); }

 private:
  void publish(const Identity& identity, const std::string& content) override;
  void on_ready(unsigned) override { ++ready_; }
  void on_text(std::string_view text) override { fail("it asked for nothing and got " + std::string(text)); }
  void on_closed(int code) override;

  std::vector<std::unique_ptr<WebSocket>> sockets_;  // by topic
  std::size_t ready_ = 0;
  std::size_t closed_ = 0;
  bool closing_ = false;
};

}  // namespace swarm
