// SPDX-License-Identifier: Apache-2.0
// An owner of operations that writes down what it hears, for the tests of the rings.
// Thread: its ring's.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "broker/io/operation.h"

namespace broker::io::testing {

// An operation that hands its completions on.
template <class Base, class Done>
struct Hearing final : Base {
  explicit Hearing(std::function<void(const Done&)> handler) : heard(std::move(handler)) {}
  void complete(const Done& done) noexcept override { heard(done); }
  std::function<void(const Done&)> heard;
};
using HearingAccept = Hearing<AcceptOperation, Accepted>;
using HearingReceive = Hearing<ReceiveOperation, Received>;
using HearingSend = Hearing<SendOperation, Sent>;

struct Recorder {
  void accepted(const Accepted& done) noexcept {
    if (done.socket >= 0) sockets.push_back(done.socket);
    const std::string what = done.error != 0 ? "accept error " : "accepted ";
    write(what + std::to_string(done.error != 0 ? done.error : done.socket), done.more);
    if (on_accept) on_accept();
  }
  void received(const Received& done) noexcept {
    const std::string bytes(done.bytes.begin(), done.bytes.end());
    bytes_received += bytes;
    write(done.error != 0        ? "receive error " + std::to_string(done.error)
          : done.end_of_stream() ? "end of stream"
                                 : "received " + bytes,
          done.more);
    if (on_receive) on_receive();
  }
  void was_sent(const Sent& done) noexcept {
    bytes_sent += done.bytes;
    write(done.error != 0 ? "send error " + std::to_string(done.error) : "sent " + std::to_string(done.bytes), false);
    if (on_send) on_send();
  }

  void write(const std::string& what, bool more) { log.push_back(what + (more ? ", more" : "")); }

  HearingAccept accept{[this](const Accepted& done) { accepted(done); }};
  HearingReceive receive{[this](const Received& done) { received(done); }};
  HearingSend send{[this](const Sent& done) { was_sent(done); }};
  std::vector<std::string> log;
  std::vector<int> sockets;
  std::string bytes_received;
  std::size_t bytes_sent = 0;
  std::function<void()> on_accept, on_receive, on_send;
};

}  // namespace broker::io::testing
