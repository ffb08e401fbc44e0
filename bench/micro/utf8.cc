// SPDX-License-Identifier: Apache-2.0
// Validation of a text: whole (is_valid_utf8) and as the decoder does it (Utf8Validator::take).
#include "proto/utf8.h"

#include <string>

#include "counters.h"

namespace bench::micro {
namespace {

std::string text(bool mixed, std::size_t bytes) {
  const std::string_view sample = mixed ? "naïve 木霊 kodama 🌲 πλατεία " : "the quick brown fox jumps over it ";
  std::string out;
  while (out.size() + sample.size() <= bytes) out += sample;
  out.append(bytes - out.size(), '.');
  return out;
}

void validate(benchmark::State& state, bool mixed) {
  const std::string given = text(mixed, static_cast<std::size_t>(state.range(0)));
  bool valid = true;
  for (auto _ : state) {
    valid &= proto::is_valid_utf8(given);
    benchmark::DoNotOptimize(valid);
  }
  if (!valid) state.SkipWithError("refused what is valid");
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void take(benchmark::State& state, bool mixed) {
  const std::string given = text(mixed, static_cast<std::size_t>(state.range(0)));
  proto::Utf8Validator validator;
  bool valid = true;
  for (auto _ : state) {
    valid &= validator.take(given) == given.size() && validator.complete();
    benchmark::DoNotOptimize(valid);
  }
  if (!valid) state.SkipWithError("refused what is valid");
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void utf8_valid_ascii(benchmark::State& state) { validate(state, false); }
void utf8_valid_mixed(benchmark::State& state) { validate(state, true); }
void utf8_take_ascii(benchmark::State& state) { take(state, false); }
void utf8_take_mixed(benchmark::State& state) { take(state, true); }
BENCHMARK(utf8_valid_ascii)->ArgName("bytes")->Arg(128)->Arg(64 << 10);
BENCHMARK(utf8_valid_mixed)->ArgName("bytes")->Arg(128)->Arg(64 << 10);
BENCHMARK(utf8_take_ascii)->ArgName("bytes")->Arg(128)->Arg(64 << 10);
BENCHMARK(utf8_take_mixed)->ArgName("bytes")->Arg(128)->Arg(64 << 10);

}  // namespace
}  // namespace bench::micro
