// SPDX-License-Identifier: Apache-2.0
// A bounded lock-free queue from one thread to one other, and the flag by which its consumer says that it sleeps. Both
// sides touch shared memory once a batch: the producer stages items and publishes them together, the consumer pops them
// and releases their slots together.
// Thread: the "producer" methods from one thread, the "consumer" methods from one other, size_approx() from any.
// Owns: its items. Destroy it when neither thread uses it any more; what is left in it is destroyed with it.
// Limits: capacity is fixed at construction; a full queue refuses and never overwrites.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

#include "broker/base/check.h"

namespace broker::base {

// Two lines of 64 bytes, since the adjacent-line prefetcher of x86 moves them as a pair.
inline constexpr std::size_t cache_line_bytes = 128;

template <class T>
class SpscQueue {
 public:
  // Requires: capacity is a power of two.
  explicit SpscQueue(std::size_t capacity) : mask_(capacity - 1), slots_(new Slot[capacity]) {
    KODAMA_CHECK(std::has_single_bit(capacity), "capacity ", capacity);
  }
  ~SpscQueue() {
    for (std::uint64_t i = consumer_.next; i != producer_.staged; ++i) at(i)->~T();
  }
  SpscQueue(const SpscQueue&) = delete;
  SpscQueue& operator=(const SpscQueue&) = delete;

  [[nodiscard]] std::size_t capacity() const { return mask_ + 1; }

  // ---- producer ----
  // Stages an item; the consumer sees it after publish(). False, and the item is untouched, when the queue is full.
  [[nodiscard]] bool try_push(T&& item) { return try_emplace(std::move(item)); }
  template <class... Parts>
  [[nodiscard]] bool try_emplace(Parts&&... parts) {
    if (room() == 0) return false;
    ::new (static_cast<void*>(slots_[producer_.staged & mask_].bytes)) T(std::forward<Parts>(parts)...);
    ++producer_.staged;
    return true;
  }
  // How many more items can be staged; looks at the consumer's side only when it must.
  [[nodiscard]] std::size_t room() {
    if (producer_.staged - producer_.head_seen == capacity()) {
      producer_.head_seen = head_.load(std::memory_order_seq_cst);
    }
    return capacity() - static_cast<std::size_t>(producer_.staged - producer_.head_seen);
  }
  [[nodiscard]] bool has_staged() const { return producer_.staged != producer_.published; }
  // Shows what is staged to the consumer: one store a batch. The store is sequentially consistent (a release would do
  // for the data) so that SleepFlag::must_wake(), called next, cannot read the flag before the items are visible.
  void publish() {
    if (!has_staged()) return;
    producer_.published = producer_.staged;
    tail_.store(producer_.staged, std::memory_order_seq_cst);
  }
  // The queue is full and the producer is going to wait for room: asks the consumer's release() to report. True: there
  // is room after all, and nothing need be waited for. Staged items are published first, or no room could ever come.
  [[nodiscard]] bool want_room() {
    publish();
    room_wanted_.store(true, std::memory_order_seq_cst);
    producer_.head_seen = head_.load(std::memory_order_seq_cst);
    if (room() == 0) return false;
    room_wanted_.store(false, std::memory_order_relaxed);
    return true;
  }

  // ---- consumer ----
  // The oldest item, or null when there is none; valid until pop().
  [[nodiscard]] T* front() {
    if (consumer_.next == consumer_.tail_seen) {
      consumer_.tail_seen = tail_.load(std::memory_order_seq_cst);
      if (consumer_.next == consumer_.tail_seen) return nullptr;
    }
    return at(consumer_.next);
  }
  // Destroys the oldest item. Requires: front() returned it. Its slot is free for the producer after release().
  void pop() {
    KODAMA_DCHECK(consumer_.next != consumer_.tail_seen);
    at(consumer_.next)->~T();
    ++consumer_.next;
  }
  // Gives the popped slots back to the producer: one store a batch. True: the producer waits for room, wake it.
  bool release() {
    if (consumer_.released == consumer_.next) return false;
    consumer_.released = consumer_.next;
    head_.store(consumer_.next, std::memory_order_seq_cst);
    return room_wanted_.load(std::memory_order_seq_cst) && room_wanted_.exchange(false, std::memory_order_seq_cst);
  }

  // ---- any thread ----
  // Published and not yet released items; a moment's picture, for a depth gauge.
  [[nodiscard]] std::size_t size_approx() const {
    const std::uint64_t head = head_.load(std::memory_order_relaxed);  // first, so that the difference is not negative
    const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
    return tail > head ? static_cast<std::size_t>(tail - head) : 0;
  }

 private:
  struct Slot {
    alignas(T) std::byte bytes[sizeof(T)];
  };
  T* at(std::uint64_t index) { return std::launder(reinterpret_cast<T*>(slots_[index & mask_].bytes)); }

  // Written by nobody after construction.
  const std::size_t mask_;
  const std::unique_ptr<Slot[]> slots_;

  // Written by the producer, read by the consumer. Indices only grow; 64 bits do not come round.
  alignas(cache_line_bytes) std::atomic<std::uint64_t> tail_{0};
  // Written by the consumer, read by the producer.
  alignas(cache_line_bytes) std::atomic<std::uint64_t> head_{0};
  // Written by both, but only when the queue is full.
  alignas(cache_line_bytes) std::atomic<bool> room_wanted_{false};

  struct alignas(cache_line_bytes) {
    std::uint64_t staged = 0;
    std::uint64_t published = 0;
    std::uint64_t head_seen = 0;
  } producer_;
  struct alignas(cache_line_bytes) {
    std::uint64_t next = 0;
    std::uint64_t tail_seen = 0;
    std::uint64_t released = 0;
  } consumer_;
};

// Says that a consumer sleeps in the kernel, so that a producer wakes it, once a batch and only then.
//   consumer: prepare_sleep(); is every queue still empty? no: awake(), go on. yes: wait in the kernel; awake().
//   producer: publish() on its queues; if (must_wake()) end the consumer's wait.
// No wake-up is lost: the flag and the queues' indices are written and read sequentially consistently, so either the
// consumer's second look sees the items or the producer sees the flag. The kernel's wake-up must be sticky (one that
// comes before the wait ends the wait), as a posted completion and an eventfd are.
// Thread: prepare_sleep() and awake() the consumer; must_wake() any other; sleeping() any.
class alignas(cache_line_bytes) SleepFlag {
 public:
  SleepFlag() = default;
  SleepFlag(const SleepFlag&) = delete;
  SleepFlag& operator=(const SleepFlag&) = delete;

  void prepare_sleep() { sleeping_.store(true, std::memory_order_seq_cst); }
  void awake() { sleeping_.store(false, std::memory_order_relaxed); }
  // True for one caller only, who then must wake the consumer.
  [[nodiscard]] bool must_wake() {
    return sleeping_.load(std::memory_order_seq_cst) && sleeping_.exchange(false, std::memory_order_seq_cst);
  }
  [[nodiscard]] bool sleeping() const { return sleeping_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> sleeping_{false};
};

}  // namespace broker::base
