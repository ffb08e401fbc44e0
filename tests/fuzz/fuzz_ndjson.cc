// SPDX-License-Identifier: Apache-2.0
// The body of POST /publish: cut anywhere it gives the same publishes and the same answers, one a line, all of them
// JSON.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "fake_host.h"
#include "proto/json.h"
#include "proto/rest/stream_session.h"
#include "proto/utf8.h"

namespace {

constexpr std::uint64_t message_bytes_max = 64;  // small, so that limits are met

void require(bool holds) {
  if (!holds) std::abort();
}

void answer_all(proto::rest::StreamSession& session, fakes::FakeHost& host, std::size_t& answered) {
  for (; answered < host.publishes.size(); ++answered) {
    session.on_published(host.publishes[answered].tag, proto::Published{1, answered + 1}, host);
  }
}

// Gives the body in pieces of the size; a host that has no room takes the same piece again after its answers.
void run(std::string_view body, std::size_t piece_bytes, fakes::FakeHost& host) {
  proto::rest::StreamSession session(message_bytes_max);
  std::size_t answered = 0;
  while (!body.empty()) {
    const std::size_t taken = session.on_body(body.substr(0, piece_bytes), host);
    require(taken > 0 || answered < host.publishes.size());
    body.remove_prefix(taken);
    answer_all(session, host, answered);
  }
  session.on_body_end(host);
  answer_all(session, host, answered);
  require(host.ended);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  fakes::FakeHost whole;
  run(body, size + 1, whole);
  const std::size_t piece_bytes = size == 0 ? 1 : 1 + data[0] % 16;
  fakes::FakeHost cut;
  run(body, piece_bytes, cut);
  require(whole.written == cut.written);
  require(whole.publishes == cut.publishes);

  std::string_view answers = whole.written;
  std::size_t lines = 0;
  for (; !answers.empty(); ++lines) {
    const std::size_t end = answers.find('\n');
    require(end != std::string_view::npos);
    std::string line(answers.substr(0, end));
    require(proto::is_valid_utf8(line));
    require(!proto::check_json(line));
    answers.remove_prefix(end + 1);
  }
  require(lines >= whole.publishes.size());
  require(lines <= static_cast<std::size_t>(std::count(body.begin(), body.end(), '\n')) + 1);
  for (const auto& publish : whole.publishes) require(publish.content.size() <= message_bytes_max);
  return 0;
}
