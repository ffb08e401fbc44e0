// SPDX-License-Identifier: Apache-2.0
// What a connection costs before it is a WebSocket: its head read (RequestReader: HeadScan::scan, then parse_head), the
// handshake checked and answered.
#include "broker/net/digest.h"
#include "config/limits.h"
#include "counters.h"
#include "frames.h"
#include "proto/http/request_reader.h"
#include "proto/websocket/handshake.h"

namespace bench::micro {
namespace {

namespace http = proto::http;
namespace websocket = proto::websocket;
namespace limits = config::limits;

constexpr http::Limits http_limits{.head_bytes_max = limits::head_bytes_max,
                                   .target_bytes_max = limits::target_bytes_max,
                                   .headers_max = limits::headers_max,
                                   .chunk_line_bytes_max = limits::chunk_line_bytes_max,
                                   .trailer_bytes_max = limits::trailer_bytes_max};

void head_scan(benchmark::State& state) {
  const std::string head = browser_upgrade("/topics/bench-0");
  bool done = true;
  for (auto _ : state) {
    http::HeadScan scan(http_limits);
    done &= scan.scan(head) == http::HeadScan::Verdict::done;
    benchmark::DoNotOptimize(done);
  }
  if (!done) state.SkipWithError("refused");
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(head.size()));
}
BENCHMARK(head_scan);

void head_read(benchmark::State& state) {
  const std::string head = browser_upgrade("/topics/bench-0");
  bool read = true;
  for (auto _ : state) {
    http::RequestReader reader(http_limits);
    const http::RequestReader::Step step = reader.read(head);
    read &= std::holds_alternative<http::Request>(step.event);
    benchmark::DoNotOptimize(step.consumed);
  }
  if (!read) state.SkipWithError("refused");
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(head.size()));
}
BENCHMARK(head_read);

void handshake(benchmark::State& state) {
  const std::string head = browser_upgrade("/topics/bench-0");
  http::RequestReader reader(http_limits);
  const http::RequestReader::Step step = reader.read(head);
  const auto& request = std::get<http::Request>(step.event);
  for (auto _ : state) {
    const auto checked = websocket::check_handshake(
        {.method = request.method, .version_minor = request.version_minor, .headers = request.headers});
    const auto* asked = std::get_if<websocket::Handshake>(&checked);
    if (asked == nullptr) return state.SkipWithError("refused");
    std::string answer;
    websocket::append_switching_protocols(answer, websocket::accept_key(asked->key, broker::net::sha1),
                                          asked->offered.front(), {});
    benchmark::DoNotOptimize(answer.data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(handshake);

}  // namespace
}  // namespace bench::micro
