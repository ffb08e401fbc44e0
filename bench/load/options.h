// SPDX-License-Identifier: Apache-2.0
// What the three loads are told, and their entries. Each returns the process's exit status: 0, or 1 for an invalid run.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/load/address.h"

namespace bench::load {

struct CommonOptions {
  std::string protocol = "raw";
  std::string host;  // of `connect`, as it was written
  Address connect;
  Address source;  // the first one; bytes 0: the kernel's choice
  bool tls = false;
  bool spin = true;
  bool deflate = false;     // subscribers offer permessage-deflate
  std::vector<pid_t> pids;  // the server's
  std::string json;         // "": no file
};

struct FanoutOptions {
  CommonOptions common;
  std::string publish_protocol;
  std::string publish_host;
  Address publish_connect;
  std::uint32_t topics = 1;
  std::uint32_t subscribers = 1000;  // a topic
  std::size_t bytes = 128;
  bool json = false;              // what the messages are filled with
  double rate = 0;                // messages a second over all topics; 0: closed loop
  std::uint32_t outstanding = 0;  // of the closed loop
  std::chrono::nanoseconds warmup{};
  std::chrono::nanoseconds duration{};
  std::uint32_t stalled = 0;
  std::uint64_t prefill_bytes = 0;
};
int run_fanout(const FanoutOptions& options);

struct IdleOptions {
  CommonOptions common;
  std::uint32_t subscribers = 15000;
  std::uint32_t steps = 3;
  bool rooms = true;  // Socket.IO: each joins one
  std::chrono::nanoseconds hold{};
};
int run_idle(const IdleOptions& options);

struct ConnectOptions {
  CommonOptions common;
  std::uint32_t connections = 10000;
  std::uint32_t in_flight = 64;
  bool keep = false;
};
int run_connect(const ConnectOptions& options);

}  // namespace bench::load
