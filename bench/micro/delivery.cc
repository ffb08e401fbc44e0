// SPDX-License-Identifier: Apache-2.0
// What a delivery costs beside the shard's turn: its encoding in each dialect (once a message and shard), its topic's
// lookup (likewise), and its entry in a connection's queue (once a subscriber).
#include "broker/net/send_queue.h"
#include "broker/topics/subscriber_table.h"
#include "config/limits.h"
#include "counters.h"
#include "frames.h"
#include "proto/native/session.h"
#include "proto/wamp2/event.h"

namespace bench::micro {
namespace {

constexpr std::int64_t messages_a_run = 32;

void encode(benchmark::State& state, const proto::WireFormat& format, proto::Kind kind, const std::string& content) {
  proto::Message message{.topic = "bench-0",
                         .epoch = 0x5f3a00000000c0de,
                         .offset = 1'000'000,
                         .time_us = 1'700'000'000'000'000,
                         .event = "bench-0",
                         .kind = kind,
                         .content = content};
  std::string run;
  for (auto _ : state) {
    run.clear();
    for (std::int64_t i = 0; i < messages_a_run; ++i) format.append(format, message, run);
    ++message.offset;
    benchmark::DoNotOptimize(run.data());
  }
  count_items(state, state.iterations() * messages_a_run, "per_message");
}

void encode_native_text(benchmark::State& state) {
  const proto::native::NativeSession session;
  encode(state, *session.wire_format(), proto::Kind::text, std::string(message_bytes, 'x'));
}
void encode_native_json(benchmark::State& state) {
  const proto::native::NativeSession session;
  encode(state, *session.wire_format(), proto::Kind::json, "{\"x\":\"" + std::string(message_bytes - 8, 'x') + "\"}");
}
void encode_native_binary(benchmark::State& state) {
  const proto::native::NativeSession session;
  encode(state, *session.wire_format(), proto::Kind::binary, std::string(message_bytes, 'x'));
}
void encode_wamp2_text(benchmark::State& state) {
  encode(state, proto::wamp2::event_format, proto::Kind::text, std::string(message_bytes, 'x'));
}
void encode_wamp2_json(benchmark::State& state) {
  encode(state, proto::wamp2::event_format, proto::Kind::json, "[\"" + std::string(message_bytes - 4, 'x') + "\"]");
}
BENCHMARK(encode_native_text);
BENCHMARK(encode_native_json);
BENCHMARK(encode_native_binary);
BENCHMARK(encode_wamp2_text);
BENCHMARK(encode_wamp2_json);

void topic_lookup(benchmark::State& state) {
  broker::topics::SubscriberTable table;
  std::vector<std::string> names;
  std::vector<broker::topics::Subscription*> subscriptions;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    names.push_back("bench-" + std::to_string(i));
    subscriptions.push_back(&table.add(names.back(), nullptr, nullptr));
  }
  std::size_t at = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(table.find(names[at]));
    if (++at == names.size()) at = 0;
  }
  for (auto* each : subscriptions) (void)table.remove(*each);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(topic_lookup)->ArgName("topics")->Arg(1)->Arg(1'000)->Arg(100'000);

// The runs of so many turns wait in one queue, then leave with one send.
void send_queue(benchmark::State& state) {
  const std::int64_t runs = state.range(0);
  const auto run = broker::net::SharedBytesRef::make(
      {.bytes = std::string(message_bytes, 'x'), .messages = 1, .use = broker::net::SharedBytes::Use::delivery});
  broker::net::SendQueue queue;
  for (auto _ : state) {
    for (std::int64_t i = 0; i < runs; ++i) queue.push_shared(run);
    iovec pieces[config::limits::iovecs_per_send];
    benchmark::DoNotOptimize(queue.gather(pieces, config::limits::send_bytes));
    queue.consume(queue.bytes(), [](const broker::net::SharedBytes& left) { benchmark::DoNotOptimize(left.messages); });
  }
  count_items(state, state.iterations() * runs, "per_run");
}
BENCHMARK(send_queue)->ArgName("runs")->Arg(1)->Arg(4);

}  // namespace
}  // namespace bench::micro
