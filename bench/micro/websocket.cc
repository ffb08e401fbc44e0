// SPDX-License-Identifier: Apache-2.0
// What a client's bytes cost before a session sees them (Decoder::decode, unmask), and a server's frame (append_frame).
#include <cstring>

#include "counters.h"
#include "frames.h"
#include "proto/websocket/decoder.h"
#include "proto/websocket/frame.h"
#include "proto/websocket/unmask.h"

namespace bench::micro {
namespace {

namespace websocket = proto::websocket;

// Decodes a buffer of whole frames. It is copied anew for each pass, as unmasking changes it: compare with `copy`.
void decode(benchmark::State& state, std::size_t payload_bytes, int frames) {
  std::vector<std::uint8_t> sent;
  for (int i = 0; i < frames; ++i) append_masked_text(sent, std::string(payload_bytes, 'x'));
  std::vector<std::uint8_t> buffer(sent.size());
  websocket::Decoder decoder({.message_bytes_max = 1 << 20});
  std::int64_t messages = 0;
  for (auto _ : state) {
    std::memcpy(buffer.data(), sent.data(), sent.size());
    websocket::Event event;
    for (std::span<std::uint8_t> rest = buffer;;) {
      rest = rest.subspan(decoder.decode(rest, event));
      if (event.type == websocket::Event::Type::need_more) break;
      benchmark::DoNotOptimize(event.payload.data());
      ++messages;
    }
  }
  if (messages != state.iterations() * frames) state.SkipWithError("messages are missing");
  count_items(state, messages, "per_frame");
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(sent.size()));
}

void decode_small_frames(benchmark::State& state) { decode(state, static_cast<std::size_t>(state.range(0)), 14); }
BENCHMARK(decode_small_frames)->ArgName("bytes")->Arg(16)->Arg(message_bytes);

void decode_large_frame(benchmark::State& state) { decode(state, static_cast<std::size_t>(state.range(0)), 1); }
BENCHMARK(decode_large_frame)->ArgName("bytes")->Arg(64 << 10);

void copy(benchmark::State& state) {
  const auto bytes = static_cast<std::size_t>(state.range(0));
  std::vector<std::uint8_t> from(bytes, 'x');
  std::vector<std::uint8_t> to(bytes);
  for (auto _ : state) {
    std::memcpy(to.data(), from.data(), bytes);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(copy)->ArgName("bytes")->Arg(14 * (message_bytes + 8))->Arg(64 << 10);

void unmask(benchmark::State& state) {
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(state.range(0)), 'x');
  const websocket::Mask mask = {0x37, 0xfa, 0x21, 0x3d};
  for (auto _ : state) {
    websocket::unmask(bytes, mask, 0);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(unmask)->ArgName("bytes")->Arg(message_bytes)->Arg(4 << 10)->Arg(64 << 10);

void append_frame(benchmark::State& state) {
  const std::string payload(static_cast<std::size_t>(state.range(0)), 'x');
  constexpr int frames_a_run = 32;
  std::string run;
  for (auto _ : state) {
    run.clear();
    for (int i = 0; i < frames_a_run; ++i) websocket::append_frame(run, websocket::Opcode::text, payload);
    benchmark::DoNotOptimize(run.data());
  }
  count_items(state, state.iterations() * frames_a_run, "per_frame");
}
BENCHMARK(append_frame)->ArgName("bytes")->Arg(message_bytes);

}  // namespace
}  // namespace bench::micro
