// SPDX-License-Identifier: Apache-2.0
// Takes permessage-deflate off a whole message (RFC 7692 §7.2.2).
// Thread: one at a time. Owns: zlib's state (about 40 KiB, from the first message on) and the inflated message. One
//   serves every connection of a shard: between messages it holds nothing of any of them. What a client that keeps its
//   window may look back at is the connection's own SenderWindow.
// Errors: invalid_deflate; message_too_big as soon as it is; both leave the inflater ready for the next message.
// Limits: message_bytes_max of output. Work is bounded by the bytes in and out: blocks that make zlib build tables, and
//   streams that end, are counted against the bytes that they gave.
#pragma once

#include <zlib.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "proto/reason.h"

namespace proto::websocket {

// The newest bytes of what a client has sent, in the clear, where its window goes on from message to message.
struct SenderWindow {
  std::string bytes;
  std::size_t bytes_max = 0;  // 2^(the client's window bits)
};

class Inflater {
 public:
  explicit Inflater(std::size_t message_bytes_max) : message_bytes_max_(message_bytes_max) {}

  void set_message_bytes_max(std::size_t bytes) { message_bytes_max_ = bytes; }

  // Inflates one message, all of its frames' payloads together. `window` is null where each message stands alone.
  [[nodiscard]] std::optional<Reason> inflate(std::span<const char> in, SenderWindow* window);
  // What inflate() made; it may be changed, and stands until the next call of either.
  [[nodiscard]] std::span<char> message() { return {out_.data(), out_bytes_}; }
  // Gives back what a large message took.
  void release();

 private:
  struct End {
    void operator()(z_stream* stream) const;
  };

  [[nodiscard]] bool begin(const SenderWindow* window);
  [[nodiscard]] bool look_back_at(const SenderWindow* window);
  [[nodiscard]] std::optional<Reason> feed(std::span<const char> in, const SenderWindow* window);
  [[nodiscard]] bool next_block_is_costly() const;
  [[nodiscard]] bool may_cost_more();
  void make_room();
  void remember(SenderWindow& window) const;

  std::size_t message_bytes_max_;
  std::unique_ptr<z_stream, End> stream_;
  std::string out_;            // all of it is room; out_bytes_ of it are the message
  std::size_t out_bytes_ = 0;  // at most one above message_bytes_max_, which is too many
  std::size_t costly_ = 0;
  bool between_blocks_ = true;  // at a byte's boundary too: a message may end here
};

}  // namespace proto::websocket
