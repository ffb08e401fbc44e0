// SPDX-License-Identifier: Apache-2.0
// What one connection still has to send, in order. Frames never interleave: an entry is a whole number of frames, and
// only control frames overtake, at an entry's boundary. Thread: one shard. Owns: a count on each entry. Errors: none.
// Limits: the caller's, by delivery_bytes().
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "broker/net/shared_bytes.h"

namespace broker::net {

class SendQueue {
 public:
  void push_answer(std::string bytes);
  void push_shared(const SharedBytesRef& bytes) {
    count(bytes->use, bytes->bytes.size());
    entries_.push_back(bytes);
  }
  // Behind what is already begun and the control frames that wait, before everything else.
  void push_control(std::string_view frame);

  // What is queued now counts as begun: nothing overtakes it, and nothing of it is dropped.
  void pin() { begun_ = static_cast<std::uint32_t>(entries_.size()) - head_; }

  [[nodiscard]] bool empty() const { return head_ == entries_.size(); }
  [[nodiscard]] std::size_t bytes() const { return std::size_t{answer_bytes_} + delivery_bytes_ + replay_bytes_; }
  [[nodiscard]] std::size_t answer_bytes() const { return answer_bytes_; }
  [[nodiscard]] std::size_t delivery_bytes() const { return delivery_bytes_; }
  [[nodiscard]] std::size_t replay_bytes() const { return replay_bytes_; }

  // Fills `pieces` from the front, up to `bytes_max` bytes but at least one piece. What is handed out counts as begun.
  [[nodiscard]] std::size_t gather(std::span<iovec> pieces, std::size_t bytes_max);

  // `bytes` more of the front have left. Each entry that has left in full is handed to `done` before it is let go.
  template <class F>
  void consume(std::size_t bytes, F&& done) {
    if (begun_ == 1 && head_ + 1 == entries_.size() && bytes + front_sent_ == entries_[head_]->bytes.size()) {
      uncount(entries_[head_]->use, bytes);  // mostly: one entry, and all of it has left
      done(*entries_[head_]);
      begun_ = 0;
      front_sent_ = 0;
      return clear_away();
    }
    while (bytes > 0) {
      const SharedBytesRef& front = entries_[head_];
      const std::size_t rest = front->bytes.size() - front_sent_;
      if (bytes < rest) {
        uncount(front->use, bytes);
        front_sent_ += static_cast<std::uint32_t>(bytes);
        return;
      }
      bytes -= rest;
      uncount(front->use, rest);
      done(*front);
      pop_front();
    }
  }

  // Drops deliveries that are not begun, oldest first, until delivery_bytes() is at most `bytes_max` or none is left;
  // each is handed to `dropped`, which returns what is to stand in its place, or nothing. Returns whether it got there.
  template <class F>
  bool drop_oldest(std::size_t bytes_max, F&& dropped) {
    std::size_t kept = begun_end();
    for (std::size_t i = kept; i < entries_.size(); ++i) {
      if (delivery_bytes_ > bytes_max && entries_[i]->use == SharedBytes::Use::delivery) {
        uncount(SharedBytes::Use::delivery, entries_[i]->bytes.size());
        std::optional<SharedBytesRef> instead = dropped(*entries_[i]);
        if (!instead) continue;
        count((*instead)->use, (*instead)->bytes.size());
        entries_[kept++] = *std::move(instead);
      } else {
        if (kept != i) entries_[kept] = std::move(entries_[i]);
        ++kept;
      }
    }
    entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(kept), entries_.end());
    return delivery_bytes_ <= bytes_max;
  }

  // Drops all that is not begun, answers too; each entry is handed to `dropped`.
  template <class F>
  void drop_rest(F&& dropped) {
    for (std::size_t i = begun_end(); i < entries_.size(); ++i) {
      uncount(entries_[i]->use, entries_[i]->bytes.size());
      dropped(*entries_[i]);
    }
    entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(begun_end()), entries_.end());
  }

  // Takes back what is not begun of that stream.
  void drop_stream(const void* stream);
  // Replaces the bytes of an entry. Requires: it is in this queue alone, and not begun.
  void rewrite(SharedBytes& entry, std::string&& bytes) {
    uncount(entry.use, entry.bytes.size());
    entry.bytes = std::move(bytes);
    count(entry.use, entry.bytes.size());
  }

  // Lets everything go; for a connection that sends no more. Each delivery's messages are lost: handed to `dropped`.
  template <class F>
  void clear(F&& dropped) {
    for (std::size_t i = head_; i < entries_.size(); ++i) dropped(*entries_[i]);
    *this = SendQueue();
  }

 private:
  [[nodiscard]] std::size_t begun_end() const { return head_ + begun_; }
  void count(SharedBytes::Use use, std::size_t bytes) {
    const auto counted = static_cast<std::uint32_t>(bytes);  // wraps around when it is taken away
    switch (use) {
      case SharedBytes::Use::answer:
      case SharedBytes::Use::control: answer_bytes_ += counted; break;
      case SharedBytes::Use::delivery: delivery_bytes_ += counted; break;
      case SharedBytes::Use::replay: replay_bytes_ += counted; break;
    }
  }
  void uncount(SharedBytes::Use use, std::size_t bytes) { count(use, std::size_t{0} - bytes); }
  void pop_front();
  void clear_away();

  // Entries before head_ have left; they are cleared away when the queue runs empty or half of it is dead.
  absl::InlinedVector<SharedBytesRef, 2> entries_;
  std::uint32_t head_ = 0;
  std::uint32_t begun_ = 0;  // entries from head_ on whose bytes a send holds or has held, or that are pinned
  // 32 bits: each is bounded far below by limits.queue_bytes, limits.message_bytes and limits::page_bytes_max.
  std::uint32_t front_sent_ = 0;
  std::uint32_t answer_bytes_ = 0;
  std::uint32_t delivery_bytes_ = 0;
  std::uint32_t replay_bytes_ = 0;
};

}  // namespace broker::net
