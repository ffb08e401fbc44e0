// SPDX-License-Identifier: Apache-2.0
// A real ring and real sockets. Where the host forbids io_uring the test is skipped and says why.
// Thread: the test's.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "broker/base/owned_fd.h"
#include "broker/io/uring_ring.h"
#include "gtest/gtest.h"
#include "recorder.h"

namespace broker::io::testing {

struct SocketPair {
  SocketPair() {
    int ends[2] = {-1, -1};
    KODAMA_CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    ours.reset(ends[0]);
    peer.reset(ends[1]);
  }
  void peer_writes(std::string_view bytes) const {
    KODAMA_CHECK(::write(peer.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  }
  // What is there now, at most `bytes_max`; empty at the end of the stream and when there is nothing.
  [[nodiscard]] std::string peer_reads(std::size_t bytes_max = 1 << 20) const {
    std::string bytes(bytes_max, '\0');
    const ssize_t got = ::recv(peer.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return bytes;
  }
  base::OwnedFd ours, peer;
};

// On a free port of the loopback.
struct Listener {
  Listener() : fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    KODAMA_CHECK(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), length) == 0);
    KODAMA_CHECK(::listen(fd.get(), 64) == 0);
    KODAMA_CHECK(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &length) == 0);
  }
  [[nodiscard]] base::OwnedFd connect() const {
    base::OwnedFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    KODAMA_CHECK(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    return client;
  }
  base::OwnedFd fd;
  sockaddr_in address{};
};

inline std::string pattern(std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>('a' + i % 23);
  return text;
}

inline iovec piece_of(std::string& text, std::size_t from = 0) { return {text.data() + from, text.size() - from}; }

class UringTest : public ::testing::Test {
 protected:
  void SetUp() override { create({}); }

  void create(const UringOptions& options) {
    UringRing::Created created = UringRing::create(options);
    if (!created.ring) GTEST_SKIP() << "no ring here: " << created.error;
    ring_ = std::move(created.ring);
  }

  // Turns until it holds; false after ten seconds.
  [[nodiscard]] bool turn_until(const std::function<bool()>& holds) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (!holds()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      ring_->wait(std::chrono::milliseconds{100});
      ring_->run();
    }
    return true;
  }
  // Ends the operation as a closing owner does.
  void join(Operation& operation) {
    ring_->cancel(operation);
    EXPECT_TRUE(turn_until([&] { return !operation.in_kernel(); }));
  }

  std::unique_ptr<UringRing> ring_;
};

}  // namespace broker::io::testing
