// SPDX-License-Identifier: Apache-2.0
// What a client has that sends compressed messages, and the memory that a shard gives to those whose window goes on
// from message to message (RFC 7692 §7.1.1.2). Thread: the shard. Owns: the bytes, from the first compressed message
// on; what they may become is promised before.
#pragma once

#include <cstdint>
#include <optional>

#include "broker/base/metrics.h"
#include "proto/websocket/inflater.h"

namespace broker::shard {

class WindowBudget {
 public:
  WindowBudget(std::size_t bytes, base::Gauge& promised) : left_(bytes), promised_(promised) {}

  [[nodiscard]] bool has(std::size_t bytes) const { return bytes <= left_; }
  // Requires: has() them.
  void take(std::size_t bytes) {
    left_ -= bytes;
    promised_.add(static_cast<std::int64_t>(bytes));
  }
  void give_back(std::size_t bytes) {
    left_ += bytes;
    promised_.sub(static_cast<std::int64_t>(bytes));
  }

 private:
  std::size_t left_;
  base::Gauge& promised_;
};

class Window {
 public:
  Window(WindowBudget& budget, std::size_t bytes) : budget_(budget) {
    window_.bytes_max = bytes;
    budget_.take(bytes);
  }
  ~Window() { budget_.give_back(window_.bytes_max); }
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  [[nodiscard]] proto::websocket::SenderWindow* get() { return &window_; }
  [[nodiscard]] std::size_t held_bytes() const { return window_.bytes.capacity(); }

 private:
  WindowBudget& budget_;
  proto::websocket::SenderWindow window_;
};

struct CompressedInput {
  std::optional<Window> window;
  std::uint32_t inflated_bytes = 0;  // since the last turn's end

  [[nodiscard]] std::size_t held_bytes() const { return window ? window->held_bytes() : 0; }
};

}  // namespace broker::shard
