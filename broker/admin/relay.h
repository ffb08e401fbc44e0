// SPDX-License-Identifier: Apache-2.0
// Carries the bytes of TCP connections to a port on 127.0.0.1. It stands before CivetWeb when that was built without
// IPv6, as Debian's is; a CivetWeb with IPv6 does without it. Thread: open(), start() and destruction the same one; a
// thread of its own does the work, asleep while there is none. Owns: its sockets. Errors: open() gives a sentence; a
// connection that fails is closed. Limits: connections_max at a time, buffer_bytes each way, idle_time without a byte
// either way.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "broker/base/owned_fd.h"
#include "config/address.h"

namespace broker::admin {

class Relay {
 public:
  static constexpr std::size_t connections_max = 32;
  static constexpr std::size_t buffer_bytes = 16 * 1024;
  static constexpr std::chrono::seconds idle_time{10};

  // Listens; nothing is accepted before start(). Requires: address.ipv6().
  [[nodiscard]] static std::variant<std::unique_ptr<Relay>, std::string> open(const config::Address& address);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  void start(std::uint16_t target_port);
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  using Clock = std::chrono::steady_clock;
  // One way of a connection: what was read from one side and is not yet written to the other.
  struct Way {
    std::vector<char> bytes = std::vector<char>(buffer_bytes);
    std::size_t begin = 0;
    std::size_t end = 0;
    bool ended = false;
  };
  struct Pair {
    base::OwnedFd client;
    base::OwnedFd target;
    Way up;
    Way down;
    Clock::time_point moved_at;
  };
  enum class Pumped : std::uint8_t { nothing, something, broken };

  Relay(base::OwnedFd listener, std::uint16_t port);
  void run();
  void accept();
  static bool serve(Pair&, Clock::time_point now);  // false: it is over
  static Pumped pump(Way&, int from, int to);

  const base::OwnedFd listener_;
  const base::OwnedFd stop_;  // an eventfd
  const std::uint16_t port_;
  std::uint16_t target_port_ = 0;
  std::thread thread_;
  // The thread's own.
  std::vector<Pair> pairs_;
  bool accept_failed_ = false;
};

}  // namespace broker::admin
