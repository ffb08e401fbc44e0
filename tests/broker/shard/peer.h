// SPDX-License-Identifier: Apache-2.0
// The other end of a client's connection: what a browser or a backend would send, and what it would see.
// Thread: one.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fake_host.h"
#include "shards.h"

namespace broker::shard {

inline constexpr int opcode_text = 1;  // RFC 6455 §5.2
inline constexpr int opcode_binary = 2;
inline constexpr int opcode_close = 8;
inline constexpr int opcode_ping = 9;
inline constexpr int opcode_pong = 10;

// A masked frame, as clients send them (RFC 6455 §5.3).
inline std::string masked(int opcode, std::string_view payload, bool final = true) {
  std::string frame(1, static_cast<char>((final ? 0x80 : 0) | opcode));
  if (payload.size() < 126) {
    frame += static_cast<char>(0x80 | payload.size());
  } else if (payload.size() < 65536) {
    frame += '\xfe';
    frame += static_cast<char>(payload.size() >> 8);
    frame += static_cast<char>(payload.size() & 0xff);
  } else {
    frame += '\xff';
    for (int shift = 56; shift >= 0; shift -= 8) frame += static_cast<char>(payload.size() >> shift & 0xff);
  }
  const char mask[4] = {0x12, 0x34, 0x56, 0x78};
  frame.append(mask, 4);
  for (std::size_t i = 0; i < payload.size(); ++i) frame += static_cast<char>(payload[i] ^ mask[i % 4]);
  return frame;
}

// The opening handshake of RFC 6455 §1.3.
inline std::string upgrade(std::string_view path, std::string_view more_headers) {
  return absl::StrCat("GET ", std::string(path), " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
                      std::string(more_headers), "\r\n");
}

class Peer {
 public:
  explicit Peer(Shards& shards, std::size_t shard = 0, std::unique_ptr<net::Tls> tls = nullptr)
      : shards_(shards), shard_(shards[shard]), fd_(shards.next_fd()) {
    client_ = shard_.accept(fd_, std::move(tls)).id();
  }

  // ---- what it does

  void sends(std::string_view bytes) {
    to_send_ += bytes;
    deliver();
  }
  void sends_text(std::string_view payload) { sends(masked(opcode_text, payload)); }
  void ends_input() {
    if (shard_.ring.receiving(fd_)) shard_.ring.end_of_stream(fd_);
  }
  void resets() {
    if (shard_.ring.receiving(fd_)) shard_.ring.fail_receive(fd_, ECONNRESET);
  }
  // What waits for the shard to read again.
  void deliver() {
    if (to_send_.empty() || !shard_.ring.receiving(fd_) || shard_.ring.cancelled(fd_, io::Operation::Type::receive))
      return;
    shard_.ring.complete_receive(fd_, std::exchange(to_send_, {}));
  }
  // The send that is under way, whole or `at_most` of it; the shard takes a turn.
  bool takes(std::size_t at_most = SIZE_MAX) {
    if (!shard_.ring.sending(fd_) || closed() || aborted()) return false;
    shard_.ring.complete_send(fd_, at_most);
    shard_.turn();
    return true;
  }
  // Both sides go on until nothing happens any more.
  void settles(std::size_t at_most = SIZE_MAX) {
    do {
      shards_.settle();
      deliver();
    } while (takes(at_most) || shards_.turn());
    received_ += shard_.ring.take_sent(fd_);
  }
  void opens(std::string_view path, std::string_view more_headers = "Sec-WebSocket-Protocol: kodama.v1.json\r\n") {
    sends(upgrade(path, more_headers));
    settles();
    const std::string head = take();
    ASSERT_TRUE(head.starts_with("HTTP/1.1 101 ")) << head;
    const std::size_t end = head.find("\r\n\r\n") + 4;
    received_ = head.substr(end);
  }

  [[nodiscard]] ClientId id() const { return client_; }

  // ---- what it sees

  // All that came, once.
  std::string take() {
    received_ += shard_.ring.take_sent(fd_);
    return std::exchange(received_, {});
  }
  std::vector<fakes::FrameSeen> take_frames() { return fakes::frames(take()); }
  std::vector<std::string> take_payloads() {
    std::vector<std::string> payloads;
    for (auto& frame : take_frames()) payloads.push_back(std::move(frame.payload));
    return payloads;
  }
  [[nodiscard]] bool closed() { return shard_.ring.closed(fd_); }
  [[nodiscard]] bool was_reset() { return shard_.ring.reset(fd_); }
  [[nodiscard]] bool sees_fin() { return shard_.ring.half_closed(fd_) || closed(); }
  [[nodiscard]] bool aborted() { return shard_.ring.cancelled(fd_, io::Operation::Type::send); }
  [[nodiscard]] bool is_read() {
    return shard_.ring.receiving(fd_) && !shard_.ring.cancelled(fd_, io::Operation::Type::receive);
  }
  [[nodiscard]] bool is_sent_to() { return shard_.ring.sending(fd_); }
  [[nodiscard]] bool has_unsent() const { return !to_send_.empty(); }

  [[nodiscard]] Client* client() { return static_cast<Client*>(shard_.clients.find(client_)); }
  [[nodiscard]] OneShard& shard() { return shard_; }

 private:
  Shards& shards_;
  OneShard& shard_;
  const int fd_;
  ClientId client_;
  std::string to_send_;
  std::string received_;
};

}  // namespace broker::shard
