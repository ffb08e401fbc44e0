// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/swarm/options.h"

#include <charconv>
#include <cstdio>
#include <string_view>

namespace swarm {
namespace {

constexpr const char* usage =
    "usage: swarm --binary PATH --scenario plain|tls|resume|stalled [--shards N] [--messages N] [--subscribers N]\n"
    "             [--topics N] [--publishers N] [--seed N] [--deadline SECONDS] [--slow FACTOR] [--secure] "
    "[--verbose]\n";

constexpr const char* scenario_names[] = {"plain", "tls", "resume", "stalled"};

template <class Number>
bool read_number(std::string_view text, Number least, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && out >= least;
}

bool read_scenario(std::string_view text, Scenario& out) {
  for (std::size_t i = 0; i < std::size(scenario_names); ++i) {
    if (text == scenario_names[i]) {
      out = static_cast<Scenario>(i);
      return true;
    }
  }
  return false;
}

bool read_option(std::string_view key, std::string_view value, Options& out) {
  if (key == "--binary") {
    out.binary = value;
    return !value.empty();
  }
  if (key == "--scenario") return read_scenario(value, out.scenario);
  if (key == "--shards") return read_number(value, 1U, out.shards);
  if (key == "--messages") return read_number(value, std::uint64_t{100}, out.messages);
  if (key == "--subscribers") return read_number(value, 1U, out.subscribers);
  if (key == "--topics") return read_number(value, topics_per_subscriber, out.topics);
  if (key == "--publishers") return read_number(value, 1U, out.publishers);
  if (key == "--seed") return read_number(value, std::uint64_t{0}, out.seed);
  if (key == "--deadline") return read_number(value, 1.0, out.deadline_s);
  if (key == "--slow") return read_number(value, 1.0, out.slow);
  return false;
}

}  // namespace

const char* name_of(Scenario scenario) { return scenario_names[static_cast<std::size_t>(scenario)]; }

std::optional<Options> read_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view key = argv[i];
    if (key == "--secure") {
      options.secure = true;
    } else if (key == "--verbose") {
      options.verbose = true;
    } else if (i + 1 == argc || !read_option(key, argv[i + 1], options)) {
      std::fprintf(stderr, "swarm: cannot use %s %s\n%s", argv[i], i + 1 < argc ? argv[i + 1] : "", usage);
      return std::nullopt;
    } else {
      ++i;
    }
  }
  if (options.binary.empty() || options.topics > 99) {
    std::fprintf(stderr, "swarm: --binary is needed, and --topics is at most 99\n%s", usage);
    return std::nullopt;
  }
  if (options.scenario == Scenario::tls) options.secure = true;
  return options;
}

}  // namespace swarm
