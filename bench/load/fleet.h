// SPDX-License-Identifier: Apache-2.0
// Many connections: made, opened a bounded number at a time until all are ready, and watched from then on.
//
// Thread: the reactor's. Owns: the clients. Borrows: reactor, options and sinks, which outlive it.
// Errors: open() is false, and error() says what happened first; so it does when a connection ends later.
// Limits: 20,000 connections from one source address, then the next one's turn.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "bench/load/client.h"
#include "bench/load/options.h"
#include "bench/load/report.h"

namespace bench::load {

class Fleet final : private Client::Watcher {
 public:
  Fleet(Reactor& reactor, const CommonOptions& options);

  struct Publishing {
    const std::string& protocol;
    const std::string& host;
    const Address& to;
  };

  // Made, not opened yet. Requires: the protocols exist.
  // Without a topic it only connects.
  void add_subscriber(std::string topic, Sink& sink);
  // One with a small receive buffer, which reads nothing once it is ready.
  void add_stalled(std::string topic, Sink& sink);
  Client& add_publisher(std::vector<std::string> topics, const Publishing& publishing, Sink& sink);
  // Opens all that were added and are not open.
  [[nodiscard]] bool open(Progress& progress);
  void close();
  [[nodiscard]] std::size_t size() const { return clients_.size(); }
  // What went wrong first; "" while nothing did.
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  enum class Reads { always, until_ready };
  Client& add(const ProtocolOptions& protocol, const std::string& protocol_name, const Address& to, Reads reads,
              Sink& sink);
  void on_ready(Client& client) override;
  void on_ended(Client& client, const std::string& reason) override;

  Reactor& reactor_;
  const CommonOptions& options_;
  TlsContext tls_;
  Unpacker unpacker_;
  std::deque<Client> clients_;
  std::deque<Reactor::Connect> connects_;
  std::size_t opened_ = 0;
  std::size_t ready_ = 0;
  std::string error_;
};

}  // namespace bench::load
