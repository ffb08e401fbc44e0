// SPDX-License-Identifier: Apache-2.0
// The counters that the benchmarks have in common.
// Thread: any.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>

namespace bench::micro {

// `items` in all: shown as a rate, and as the time that one of them takes under the name `per_item`.
inline void count_items(benchmark::State& state, std::int64_t items, const char* per_item) {
  using benchmark::Counter;
  state.SetItemsProcessed(items);
  state.counters[per_item] = Counter(static_cast<double>(items), Counter::kIsRate | Counter::kInvert);
}

}  // namespace bench::micro
