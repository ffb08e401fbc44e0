// SPDX-License-Identifier: Apache-2.0
// What the command line asks for.
// Thread: any; plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace swarm {

enum class Scenario { plain, tls, resume, stalled };

struct Options {
  std::string binary;
  Scenario scenario = Scenario::plain;
  unsigned shards = 2;
  std::uint64_t messages = 100'000;
  unsigned subscribers = 200;
  unsigned topics = 20;
  unsigned publishers = 4;
  std::uint64_t seed = 1;
  double slow = 1;          // multiplies every bound on time
  double deadline_s = 120;  // of one pass: a server from its start to its end
  bool secure = false;      // everything over TLS 1.3
  bool verbose = false;     // the server's log is shown at the end

  [[nodiscard]] std::chrono::duration<double> deadline() const {
    return std::chrono::duration<double>(deadline_s * slow);
  }
};

inline constexpr unsigned topics_per_subscriber = 4;
inline constexpr unsigned stalled_readers = 10;

// None: what is wrong has been printed.
[[nodiscard]] std::optional<Options> read_options(int argc, char** argv);
[[nodiscard]] const char* name_of(Scenario scenario);

}  // namespace swarm
