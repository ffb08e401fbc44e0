// SPDX-License-Identifier: Apache-2.0
// bench_floor: the least work that the kernel allows for what a broker does, to compare a broker with.
#include <arpa/inet.h>
#include <getopt.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <optional>
#include <string_view>

#include "bench/floor/options.h"

namespace bench::floor {
namespace {

constexpr const char* help =
    R"(bench_floor FLOOR [options]: a server that does the least work which the kernel allows

What it costs is what no broker can go below on the same machine; a broker's cost is told as a
ratio to it. One thread, one io_uring, no broker. It prints `ready` and serves until SIGTERM.

Floors
  relay   publishers (their request's target has publish=only) and subscribers (all others) come
          by an HTTP upgrade to WebSocket. What one receive of a publisher brings is unmasked once
          into one buffer, which is sent once to every subscriber.
  seal    the same over TLS 1.3 with AES-128-GCM: one seal of that buffer for each subscriber.
  idle    accepts and upgrades; then there is nothing but the socket. It does not notice when a
          connection leaves: start it anew for each measurement.
  accept  accepts, reads to the blank line, writes a constant 101, closes when the client does.
  ping    sends every connection a WebSocket ping once in the interval, spread evenly, and reads
          what is answered.

Options
  --listen ADDRESS:PORT   127.0.0.1:8000
  --method uring|send     uring: sends are submissions, all of a turn in one system call, on
                          registered files. send: send(2), once a subscriber. (uring)
  --ping_interval 25s     with a unit, s or ms (ping)
  --certificate FILE --key FILE
                          PEM (seal). Without them a certificate is made for this run.

Example: a relay on processor 0, and 1,000 subscribers on processor 1
  taskset -c 0 bench_floor relay --listen 127.0.0.1:8000
  taskset -c 1 bench_load fanout --protocol raw --connect 127.0.0.1:8000 --subscribers 1000 --rate 100
)";

std::optional<sockaddr_in> parse_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string host(text.substr(0, colon));
  const std::string_view digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  const bool valid = error == std::errc() && end == digits.data() + digits.size() &&
                     ::inet_pton(AF_INET, host.c_str(), &address.sin_addr) == 1;
  return valid ? std::optional(address) : std::nullopt;
}

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  std::uint32_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (error != std::errc() || count == 0) return std::nullopt;
  if (unit == "s") return std::chrono::seconds(count);
  if (unit == "ms") return std::chrono::milliseconds(count);
  return std::nullopt;
}

int mistake(std::string_view option, std::string_view value) {
  std::fprintf(stderr, "bench_floor: %.*s cannot be '%.*s'; see --help\n", static_cast<int>(option.size()),
               option.data(), static_cast<int>(value.size()), value.data());
  return 2;
}

struct Floor {
  std::string_view name;
  int (*serve)(const Options&);
};
constexpr std::array floors{Floor{"relay", relay}, Floor{"seal", seal}, Floor{"idle", idle}, Floor{"accept", accept},
                            Floor{"ping", ping}};

int run(int argc, char** argv) {
  Options options;
  options.listen = *parse_address("127.0.0.1:8000");
  constexpr std::array<option, 7> known{{{"listen", required_argument, nullptr, 'l'},
                                         {"method", required_argument, nullptr, 'm'},
                                         {"ping_interval", required_argument, nullptr, 'i'},
                                         {"certificate", required_argument, nullptr, 'c'},
                                         {"key", required_argument, nullptr, 'k'},
                                         {"help", no_argument, nullptr, 'h'},
                                         {}}};
  for (int found = 0; (found = ::getopt_long(argc, argv, "h", known.data(), nullptr)) != -1;) {
    const std::string_view value = optarg == nullptr ? "" : optarg;
    switch (found) {
      case 'l':
        if (const auto address = parse_address(value)) {
          options.listen = *address;
          break;
        }
        return mistake("--listen", value);
      case 'm':
        if (value != "uring" && value != "send") return mistake("--method", value);
        options.method = value == "send" ? Options::Method::send : Options::Method::uring;
        break;
      case 'i':
        if (const auto interval = parse_duration(value)) {
          options.ping_interval = *interval;
          break;
        }
        return mistake("--ping_interval", value);
      case 'c': options.certificate = value; break;
      case 'k': options.key = value; break;
      case 'h': std::fputs(help, stdout); return 0;
      default: return 2;  // getopt_long has said what it does not know
    }
  }
  if (optind + 1 != argc) {
    std::fputs("bench_floor: one of relay, seal, idle, accept, ping is needed; see --help\n", stderr);
    return 2;
  }
  for (const Floor& floor : floors)
    if (floor.name == argv[optind]) return floor.serve(options);
  return mistake("the floor", argv[optind]);
}

}  // namespace
}  // namespace bench::floor

int main(int argc, char** argv) { return bench::floor::run(argc, argv); }
