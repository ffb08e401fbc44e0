// SPDX-License-Identifier: Apache-2.0
// A message on its way from its publisher to its topic's few subscribers: one backend publishes to a thousand topics in
// turn, over one connection, through a whole shard and a ring that does nothing. Where fan_out.cc divides a message's
// own cost by its many subscribers, here it is most of what there is.
#include <algorithm>

#include "counters.h"
#include "lone_shard.h"

namespace bench::micro {
namespace {

constexpr std::size_t topics = 1'000;

std::string topic_name(std::size_t topic) { return "bench-" + std::to_string(topic); }

// One frame a topic, to be given in turn. Unmasking changes it in place, so a fresh copy is given each time.
class Publisher {
 public:
  Publisher(LoneShard& shard, std::string_view target, const std::vector<std::string>& messages)
      : ring_(shard.ring()), fd_(shard.connect(target)), frames_(messages.size()) {
    for (std::size_t i = 0; i < messages.size(); ++i) append_masked_text(frames_[i], messages[i]);
  }
  void give_next() {
    const std::vector<std::uint8_t>& frame = frames_[next_];
    scratch_.assign(frame.begin(), frame.end());
    ring_.give(fd_, scratch_);
    if (++next_ == frames_.size()) next_ = 0;
  }

 private:
  NullRing& ring_;
  const int fd_;
  std::vector<std::vector<std::uint8_t>> frames_;
  std::vector<std::uint8_t> scratch_;
  std::size_t next_ = 0;
};

// Each message meets an idle shard, as in an open loop.
void publish(benchmark::State& state, LoneShard& shard, Publisher& publisher) {
  const std::uint64_t sends_before = shard.ring().sends();
  shard.run([&](bool idle) {
    if (!idle) return;
    if (!state.KeepRunning()) return shard.stop();
    publisher.give_next();
  });
  shard.settle();
  const auto sends = static_cast<std::int64_t>(shard.ring().sends() - sends_before);
  if (sends != state.iterations() * state.range(0)) state.SkipWithError("deliveries are missing");
  count_items(state, state.iterations(), "per_message");
}

void publish_native(benchmark::State& state) {
  LoneShard shard;
  std::vector<std::string> commands;
  for (std::size_t topic = 0; topic < topics; ++topic) {
    commands.push_back("{\"publish\":{\"topic\":\"" + topic_name(topic) + "\",\"data\":\"" +
                       std::string(message_bytes, 'x') + "\"}}");
    for (std::int64_t i = 0; i < state.range(0); ++i) (void)shard.connect("/topics/" + topic_name(topic));
  }
  Publisher publisher(shard, "/ws", commands);
  publish(state, shard, publisher);
}
BENCHMARK(publish_native)->ArgName("subscribers")->Arg(0)->Arg(10);

void publish_raw(benchmark::State& state) {
  LoneShard shard;
  for (std::int64_t i = 0; i < state.range(0); ++i) (void)shard.connect("/topics/" + topic_name(0));
  Publisher publisher(shard, "/topics/" + topic_name(0) + "?publish=only", {std::string(message_bytes, 'x')});
  publish(state, shard, publisher);
}
BENCHMARK(publish_raw)->ArgName("subscribers")->Arg(0)->Arg(10);

}  // namespace
}  // namespace bench::micro
