// SPDX-License-Identifier: Apache-2.0
// One connection of the load: a socket, TLS where it is asked for, and a protocol.
//
// Thread: the reactor's. Owns: the protocol and the TLS state. Borrows: reactor, TLS context, sink and watcher, which
// outlive the connection. Errors: the watcher is told once, with a reason. Limits: none of its own.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "bench/load/protocol.h"
#include "bench/load/reactor.h"
#include "bench/load/tls_client.h"

namespace bench::load {

class Client final : private Reactor::Handler {
 public:
  class Watcher {
   public:
    // Connected, and every subscription is confirmed.
    virtual void on_ready(Client& client) = 0;
    // At the end, whoever ended it. `reason` is empty when that was close().
    virtual void on_ended(Client& client, const std::string& reason) = 0;

   protected:
    ~Watcher() = default;
  };

  struct Options {
    Reactor& reactor;
    SSL_CTX* tls = nullptr;  // null: without
    Sink& sink;
    Watcher& watcher;
    bool pauses = false;  // reads nothing more once it is ready
  };

  Client(const Options& options, std::unique_ptr<Protocol> protocol)
      : options_(options), protocol_(std::move(protocol)) {}

  // False, and errno, when there is no socket to be had.
  bool open(const Reactor::Connect& connect);
  void close();
  // Requires: ready, a publisher. What was published goes out with the reactor's next poll() after flush().
  void publish(std::size_t topic, std::string_view payload);
  void flush();
  [[nodiscard]] bool ready() const { return ready_; }
  [[nodiscard]] bool open() const { return id_ != Reactor::none; }

 private:
  void on_connected(std::string& out) override;
  void on_bytes(std::span<const char> bytes, std::string& out) override;
  void on_closed(int error) override;

  bool on_plain(std::span<const char> bytes, std::string& out);
  bool on_sealed(std::span<const char> bytes, std::string& out);
  void fail(const std::string& reason);

  Options options_;
  std::unique_ptr<Protocol> protocol_;
  std::unique_ptr<TlsClient> tls_;
  std::string plain_;  // to be sealed
  Reactor::Id id_ = Reactor::none;
  bool ready_ = false;
  bool closing_ = false;
  std::string reason_;
};

}  // namespace bench::load
