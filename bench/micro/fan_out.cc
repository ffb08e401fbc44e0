// SPDX-License-Identifier: Apache-2.0
// A batch of messages from one publisher to all subscribers of its topic, over a whole shard and a ring that does
// nothing: Shard's turn, Router::take and hand_out, Subscriber::deliver, SendQueue, Connection::flush and on_sent.
#include <algorithm>

#include "counters.h"
#include "lone_shard.h"

namespace bench::micro {
namespace {

constexpr std::size_t delivery_bytes = message_bytes + 4;  // with the header of a server's frame, RFC 6455 §5.2

// Masked frames as the kernel would bring them: cut where a receive buffer ends. Unmasking changes them in place, so a
// fresh copy is given each time.
class Batch {
 public:
  explicit Batch(std::int64_t messages) {
    for (std::int64_t i = 0; i < messages; ++i) append_masked_text(frames_, std::string(message_bytes, 'x'));
    scratch_.resize(frames_.size());
  }
  void give(NullRing& ring, int publisher) {
    std::ranges::copy(frames_, scratch_.begin());
    constexpr std::size_t piece = config::limits::receive_buffer_bytes;
    for (std::span<std::uint8_t> rest = scratch_; !rest.empty(); rest = rest.subspan(std::min(piece, rest.size())))
      ring.give(publisher, rest.first(std::min(piece, rest.size())));
  }

 private:
  std::vector<std::uint8_t> frames_;
  std::vector<std::uint8_t> scratch_;
};

// Gives a batch at every wait that finds the shard idle, or at every wait.
void fan_out(benchmark::State& state, bool always) {
  const std::int64_t subscribers = state.range(0);
  const std::int64_t messages = state.range(1);
  LoneShard shard;
  for (std::int64_t i = 0; i < subscribers; ++i) (void)shard.connect("/topics/bench-0");
  const int publisher = shard.connect("/topics/bench-0?publish=only");
  Batch batch(messages);
  const std::uint64_t sends_before = shard.ring().sends();
  const std::uint64_t bytes_before = shard.ring().bytes_sent();

  shard.run([&](bool idle) {
    if (!idle && !always) return;
    if (!state.KeepRunning()) return shard.stop();
    batch.give(shard.ring(), publisher);
  });

  shard.settle();
  const std::int64_t deliveries = state.iterations() * messages * subscribers;
  const std::uint64_t bytes = shard.ring().bytes_sent() - bytes_before;
  if (bytes != static_cast<std::uint64_t>(deliveries) * delivery_bytes) state.SkipWithError("deliveries are missing");
  count_items(state, deliveries, "per_delivery");
  state.counters["sends"] =
      benchmark::Counter(static_cast<double>(shard.ring().sends() - sends_before), benchmark::Counter::kAvgIterations);
}

// Everything comes to rest before the next batch: how an open loop below saturation meets the broker.
void fan_out_at_rest(benchmark::State& state) { fan_out(state, false); }
BENCHMARK(fan_out_at_rest)
    ->ArgNames({"subscribers", "messages"})
    ->Args({1, 1})
    ->Args({100, 1})
    ->Args({1'000, 1})
    ->Args({10'000, 1})
    ->Args({1, 32})
    ->Args({100, 32})
    ->Args({1'000, 32})
    ->Args({10'000, 32});

// Every turn brings a batch beside the completions of the one before: how a closed loop keeps the broker.
void fan_out_under_way(benchmark::State& state) { fan_out(state, true); }
BENCHMARK(fan_out_under_way)
    ->ArgNames({"subscribers", "messages"})
    ->Args({1, 1})
    ->Args({100, 1})
    ->Args({1'000, 1})
    ->Args({100, 32})
    ->Args({1'000, 32});

}  // namespace
}  // namespace bench::micro
