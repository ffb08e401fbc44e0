// SPDX-License-Identifier: Apache-2.0
// The floors, one function each: they serve until SIGTERM or SIGINT and return the exit code.
#pragma once

#include <netinet/in.h>

#include <chrono>
#include <string>

namespace bench::floor {

struct Options {
  enum class Method { uring, send };

  sockaddr_in listen{};
  Method method = Method::uring;
  std::chrono::nanoseconds ping_interval = std::chrono::seconds(25);
  std::string certificate;  // PEM files; empty: a certificate is made for this run
  std::string key;
};

int relay(const Options& options);
int seal(const Options& options);
int idle(const Options& options);
int accept(const Options& options);
int ping(const Options& options);

// Says what the system refused, and ends the program with 1.
[[noreturn]] void refuse(const char* what, int error);

}  // namespace bench::floor
