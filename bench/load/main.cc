// SPDX-License-Identifier: Apache-2.0
// bench_load: the load generator of the benchmark. Its flags, and what they must be.
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/flags/usage_config.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "bench/load/options.h"
#include "bench/load/payload.h"
#include "bench/load/protocols.h"
#include "bench/load/usage.h"

ABSL_FLAG(std::string, protocol, "raw",
          "what the server speaks: raw, native, sse, wamp, nats, mqtt, nchan, socketio, socketio-polling, centrifuge");
ABSL_FLAG(std::string, connect, "127.0.0.1:8000", "address:port of the server");
ABSL_FLAG(std::string, source, "", "first address to connect from; the next ones follow after 20,000 connections each");
ABSL_FLAG(bool, tls, false, "TLS 1.3 with AES-128-GCM; the server's certificate is not checked");
ABSL_FLAG(bool, deflate, false, "raw: subscribers offer permessage-deflate, and what they get is inflated");
ABSL_FLAG(bool, spin, true, "busy-poll, so that no wake-up of the generator's is in what is measured");
ABSL_FLAG(std::vector<std::string>, pid, {},
          "the server's processes, whose CPU and memory are read; repeatable, or a list");
ABSL_FLAG(std::string, json, "", "file to write the results to");

ABSL_FLAG(std::string, publish_protocol, "", "fanout: what publishers speak; as --protocol unless given");
ABSL_FLAG(std::string, publish_connect, "", "fanout: where publishers connect to; as --connect unless given");
ABSL_FLAG(std::uint32_t, topics, 1, "fanout: how many topics");
ABSL_FLAG(std::uint32_t, subscribers, 0, "fanout: connections a topic (1000 unless given); idle: connections (15000)");
ABSL_FLAG(std::uint32_t, bytes, 128, "fanout: of a message, 48 to 1048576");
ABSL_FLAG(bool, json_text, false, "fanout: messages are filled with JSON, which can be compressed as such can");
ABSL_FLAG(double, rate, 0, "fanout, open loop: messages a second over all topics");
ABSL_FLAG(std::uint32_t, outstanding, 0,
          "fanout, closed loop: messages on their way to all of their subscribers, kept full");
ABSL_FLAG(absl::Duration, warmup, absl::Seconds(2), "fanout: load before the measured time");
ABSL_FLAG(absl::Duration, duration, absl::Seconds(10), "fanout: the measured time");
ABSL_FLAG(std::uint32_t, stalled, 0, "fanout: further subscribers with a small buffer who never read");
ABSL_FLAG(std::uint64_t, prefill_bytes, 0,
          "fanout: published to each topic before the warm-up, so that the stalled are stuck");

ABSL_FLAG(std::uint32_t, steps, 3, "idle: memory is read after each of so many equal parts of the connections");
ABSL_FLAG(bool, rooms, true,
          "idle, Socket.IO: each client joins a room; otherwise it is connected to the namespace alone");
ABSL_FLAG(absl::Duration, hold, absl::Seconds(50), "idle: how long the connections are held while the CPU is measured");

ABSL_FLAG(std::uint32_t, connections, 10000, "connect: how many are opened");
ABSL_FLAG(std::uint32_t, in_flight, 64, "connect: how many are on their way at a time");
ABSL_FLAG(bool, keep, false, "connect: keep them all open, instead of closing each once it is upgraded");

namespace bench::load {
namespace {

constexpr int usage_status = 2;
constexpr std::size_t message_bytes_max = 1 << 20;
constexpr std::uint64_t spare_descriptors = 64;
constexpr std::string_view usage = R"(measures a publish/subscribe server.

  bench_load fanout  --connect 127.0.0.1:8000 --subscribers 1000 --rate 100 --pid $(pidof kodama)
      deliveries a second, latency from when a message was due, the server's CPU for each delivery;
      --rate is an open loop, --outstanding a closed one; each delivery is checked
  bench_load idle    --connect 127.0.0.1:8000 --subscribers 15000 --pid $(pidof kodama)
      memory for each connection, and CPU to hold it
  bench_load connect --connect 127.0.0.1:8000 --connections 10000 --pid $(pidof kodama)
      connections opened and upgraded a second, and a second of the server's CPU

Pin it away from the server: taskset -c 1 bench_load ...
It ends with 0; with 1 when a delivery was lost, repeated or late in its order, or a connection failed; with 2 for a
mistake in how it was called.)";

class UsageError {
 public:
  void add(std::string what) { mistakes_.push_back(std::move(what)); }
  bool check(bool good, const char* what) {
    if (!good) add(what);
    return good;
  }
  // Tells all of them at once. False when there are any.
  bool none() const {
    for (const std::string& mistake : mistakes_) absl::FPrintF(stderr, "bench_load: %s\n", mistake);
    if (!mistakes_.empty()) absl::FPrintF(stderr, "bench_load --help tells more.\n");
    return mistakes_.empty();
  }

 private:
  std::vector<std::string> mistakes_;
};

std::chrono::nanoseconds nanoseconds(absl::Duration duration) { return absl::ToChronoNanoseconds(duration); }

std::vector<pid_t> read_pids(UsageError& mistakes) {
  std::vector<pid_t> pids;
  for (const std::string& text : absl::GetFlag(FLAGS_pid)) {
    pid_t pid = 0;
    if (!absl::SimpleAtoi(text, &pid) || pid <= 0) {
      mistakes.add("--pid: not a process: " + text);
    } else {
      pids.push_back(pid);
    }
  }
  if (const std::optional<pid_t> missing = Processes(pids).missing()) {
    mistakes.add("--pid: there is no process " + std::to_string(*missing));
  }
  return pids;
}

CommonOptions read_common(UsageError& mistakes) {
  CommonOptions options;
  options.protocol = absl::GetFlag(FLAGS_protocol);
  options.host = absl::GetFlag(FLAGS_connect);
  options.tls = absl::GetFlag(FLAGS_tls);
  options.spin = absl::GetFlag(FLAGS_spin);
  options.deflate = absl::GetFlag(FLAGS_deflate);
  mistakes.check(!options.deflate || options.protocol == "raw", "--deflate: with --protocol raw");
  options.pids = read_pids(mistakes);
  options.json = absl::GetFlag(FLAGS_json);
  if (publisher_topics_max(options.protocol) == 0) mistakes.add("--protocol: one of " + protocol_names());
  mistakes.check(parse_address(options.host, options.connect), "--connect: ADDRESS:PORT, for example 127.0.0.1:8000");
  const std::string source = absl::GetFlag(FLAGS_source);
  mistakes.check(source.empty() || parse_address(source + ":0", options.source),
                 "--source: an address, such as 127.0.0.1");
  return options;
}

void check_sockets(std::uint64_t sockets, UsageError& mistakes) {
  const std::uint64_t limit = raise_descriptor_limit();
  if (sockets + spare_descriptors > limit) {
    mistakes.add(
        absl::StrFormat("%d connections do not fit the %d descriptors of a process (ulimit -Hn)", sockets, limit));
  }
}

int fanout(UsageError& mistakes) {
  FanoutOptions options;
  options.common = read_common(mistakes);
  options.publish_protocol = absl::GetFlag(FLAGS_publish_protocol);
  options.publish_host = absl::GetFlag(FLAGS_publish_connect);
  if (options.publish_protocol.empty()) options.publish_protocol = options.common.protocol;
  if (options.publish_host.empty()) options.publish_host = options.common.host;
  options.topics = absl::GetFlag(FLAGS_topics);
  if (const std::uint32_t subscribers = absl::GetFlag(FLAGS_subscribers)) options.subscribers = subscribers;
  options.bytes = absl::GetFlag(FLAGS_bytes);
  options.json = absl::GetFlag(FLAGS_json_text);
  options.rate = absl::GetFlag(FLAGS_rate);
  options.outstanding = absl::GetFlag(FLAGS_outstanding);
  options.warmup = nanoseconds(absl::GetFlag(FLAGS_warmup));
  options.duration = nanoseconds(absl::GetFlag(FLAGS_duration));
  options.stalled = absl::GetFlag(FLAGS_stalled);
  options.prefill_bytes = absl::GetFlag(FLAGS_prefill_bytes);
  const std::size_t publisher_topics = publisher_topics_max(options.publish_protocol);
  if (publisher_topics == 0) mistakes.add("--publish_protocol: one of " + protocol_names());
  mistakes.check(parse_address(options.publish_host, options.publish_connect), "--publish_connect: ADDRESS:PORT");
  mistakes.check((options.rate > 0) != (options.outstanding > 0), "either --rate or --outstanding, and more than 0");
  mistakes.check(options.bytes >= payload_bytes_min && options.bytes <= message_bytes_max, "--bytes: 48 to 1048576");
  mistakes.check(options.duration.count() > 0 && options.warmup.count() >= 0, "--duration, --warmup: for example 10s");
  if (mistakes.check(options.topics > 0, "--topics: at least 1") && publisher_topics != 0) {
    const std::uint64_t publishers = (options.topics - 1) / publisher_topics + 1;
    check_sockets(std::uint64_t{options.subscribers} * options.topics + options.stalled + publishers, mistakes);
  }
  return mistakes.none() ? run_fanout(options) : usage_status;
}

int idle(UsageError& mistakes) {
  IdleOptions options;
  options.common = read_common(mistakes);
  if (const std::uint32_t subscribers = absl::GetFlag(FLAGS_subscribers)) options.subscribers = subscribers;
  options.steps = absl::GetFlag(FLAGS_steps);
  options.rooms = absl::GetFlag(FLAGS_rooms);
  options.hold = nanoseconds(absl::GetFlag(FLAGS_hold));
  mistakes.check(options.rooms || options.common.protocol.starts_with("socketio"), "--rooms=false: with Socket.IO");
  mistakes.check(options.steps > 0 && options.steps <= options.subscribers,
                 "--steps: at least 1, at most --subscribers");
  mistakes.check(options.hold.count() >= 0, "--hold: for example 50s");
  check_sockets(options.subscribers, mistakes);
  return mistakes.none() ? run_idle(options) : usage_status;
}

int connect(UsageError& mistakes) {
  ConnectOptions options;
  options.common = read_common(mistakes);
  options.connections = absl::GetFlag(FLAGS_connections);
  options.in_flight = absl::GetFlag(FLAGS_in_flight);
  options.keep = absl::GetFlag(FLAGS_keep);
  mistakes.check(options.connections > 0 && options.in_flight > 0, "--connections, --in_flight: at least 1");
  check_sockets(options.keep ? options.connections : 2 * std::uint64_t{options.in_flight}, mistakes);
  return mistakes.none() ? run_connect(options) : usage_status;
}

// A flag that is given again replaces its value; --pid is to be repeatable: all of them become one list.
std::vector<std::string> join_pids(int argc, char** argv) {
  std::vector<std::string> arguments;
  std::vector<std::string> pids;
  for (int at = 0; at < argc; ++at) {
    std::string_view argument = argv[at];
    const bool two = argument.starts_with("--");
    const std::string_view name = argument.starts_with('-') ? argument.substr(two ? 2 : 1) : std::string_view();
    if (name == "pid" && at + 1 < argc) {
      pids.emplace_back(argv[++at]);
    } else if (name.starts_with("pid=")) {
      pids.emplace_back(name.substr(4));
    } else {
      arguments.emplace_back(argument);
    }
  }
  if (!pids.empty()) arguments.push_back("--pid=" + absl::StrJoin(pids, ","));
  return arguments;
}

// Abseil ends the process with 1 for --help as well as for a flag that there is not.
struct Parsing {
  bool help;
  bool on = true;
};
void correct_status(int status, void* parsing) {
  if (status != 1 || !static_cast<Parsing*>(parsing)->on) return;
  std::cout.flush();  // what _exit() does not do
  _exit(static_cast<Parsing*>(parsing)->help ? 0 : usage_status);
}

bool in_main_file(absl::string_view file) { return absl::EndsWith(file, "load/main.cc"); }

int run(int argc, char** argv) {
  std::vector<std::string> arguments = join_pids(argc, argv);
  std::vector<char*> pointers;
  bool help = false;
  for (std::string& argument : arguments) {
    pointers.push_back(argument.data());
    help = help || argument.starts_with("--help") || argument.starts_with("-help");
  }
  absl::SetProgramUsageMessage(absl::string_view(usage.data(), usage.size()));
  absl::FlagsUsageConfig config;
  config.contains_helpshort_flags = config.contains_help_flags = in_main_file;
  absl::SetFlagsUsageConfig(config);
  Parsing* parsing = new Parsing{help};  // what exit() calls may come after main()'s frame is gone
  on_exit(correct_status, parsing);
  const std::vector<char*> positional = absl::ParseCommandLine(static_cast<int>(pointers.size()), pointers.data());
  parsing->on = false;
  signal(SIGPIPE, SIG_IGN);
  UsageError mistakes;
  const std::string_view command = positional.size() == 2 ? positional[1] : "";
  if (command == "fanout") return fanout(mistakes);
  if (command == "idle") return idle(mistakes);
  if (command == "connect") return connect(mistakes);
  mistakes.add("a command is missing: bench_load fanout | idle | connect [flags]");
  mistakes.none();
  return usage_status;
}

}  // namespace
}  // namespace bench::load

int main(int argc, char** argv) { return bench::load::run(argc, argv); }
