// SPDX-License-Identifier: Apache-2.0
// Makes the messages and checks every delivery of them: right topic, next in its sequence, whole; and how old it is.
//
// Thread: one. Owns: the heads of the newest messages of each topic, to compare deliveries with instead of parsing
// them. Borrows: nothing. Errors: are counted. Limits: a message has at least payload_bytes_min; a delivery of a
// message that is no longer remembered is parsed, which costs more and changes nothing.
//
// [0,16) when it was due, CLOCK_MONOTONIC ns; [16,24) topic; [24,40) sequence from 1, all in hex; the rest is x, or
// JSON and at the end x.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/histogram.h"

namespace bench::load {

inline constexpr std::size_t payload_head_bytes = 40;
inline constexpr std::size_t payload_bytes_min = 48;

enum class Filling { x, json };

// One subscriber's place in its topic.
struct Place {
  std::uint32_t topic = 0;
  std::uint64_t next = 1;  // the sequence that must come
};

class Ledger {
 public:
  struct Counts {
    std::uint64_t published = 0;
    std::uint64_t received = 0;   // each was the right one
    std::uint64_t lost = 0;       // of the sequences that were passed over
    std::uint64_t reordered = 0;  // came after a later one, or again
    std::uint64_t corrupt = 0;    // another topic's, cut short, or never published
  };

  // `remembered`: messages a topic, a power of two.
  explicit Ledger(std::uint32_t topics, std::size_t remembered, Filling filling = Filling::x);

  // The next message of the topic; the view lives until the next call. Requires: bytes >= payload_bytes_min.
  std::string_view make(std::uint32_t topic, std::int64_t due_ns, std::size_t bytes);
  [[nodiscard]] std::uint64_t published(std::uint32_t topic) const { return sequences_[topic]; }

  void check(Place& place, std::string_view payload, std::int64_t now_ns);
  // Messages that never came: call it once, when no more will come.
  void count_missing(const Place& place) { counts_.lost += published(place.topic) + 1 - place.next; }

  // Only what was due from `begin` until before `end` enters the histogram.
  void record_between(std::int64_t begin_ns, std::int64_t end_ns);

  [[nodiscard]] const Counts& counts() const { return counts_; }
  [[nodiscard]] const Histogram& latencies() const { return latencies_; }
  [[nodiscard]] bool valid() const { return counts_.lost + counts_.reordered + counts_.corrupt == 0; }

 private:
  struct alignas(64) Remembered {
    char head[payload_head_bytes];
    std::int64_t due_ns;
    std::size_t bytes = SIZE_MAX;  // of none: no delivery is equal to it
  };

  void fill(std::size_t bytes);
  static bool same(const char* payload, const Remembered& message);
  static bool whole(std::string_view payload);
  void check_parsed(Place& place, std::string_view payload, std::int64_t now_ns);
  void record(std::int64_t due_ns, std::int64_t now_ns);

  std::size_t remembered_;
  Filling filling_;
  std::vector<Remembered> messages_;
  std::vector<std::uint64_t> sequences_;  // the last one published of each topic
  std::string payload_;
  Counts counts_;
  std::int64_t begin_ns_ = 0;
  std::uint64_t span_ns_ = 0;
  Histogram latencies_;
};

inline void Ledger::record(std::int64_t due_ns, std::int64_t now_ns) {
  if (static_cast<std::uint64_t>(due_ns - begin_ns_) >= span_ns_) return;
  latencies_.record(now_ns > due_ns ? static_cast<std::uint64_t>(now_ns - due_ns) : 0);
}

inline bool Ledger::same(const char* payload, const Remembered& message) {
  const auto difference = [&](std::size_t at) {
    std::uint64_t mine;
    std::uint64_t theirs;
    std::memcpy(&mine, message.head + at, 8);
    std::memcpy(&theirs, payload + at, 8);
    return mine ^ theirs;
  };
  return (difference(0) | difference(8) | difference(16) | difference(24) | difference(32)) == 0;
}

inline bool Ledger::whole(std::string_view payload) {
  return std::memcmp(payload.data() + payload.size() - 8, "xxxxxxxx", 8) == 0;
}

// Hot: once a delivery. A whole head is compared with the one that was published under the sequence that must come.
inline void Ledger::check(Place& place, std::string_view payload, std::int64_t now_ns) {
  const Remembered& message = messages_[place.topic * remembered_ + (place.next & (remembered_ - 1))];
  if (payload.size() == message.bytes && same(payload.data(), message) && whole(payload)) [[likely]] {
    ++place.next;
    ++counts_.received;
    record(message.due_ns, now_ns);
    return;
  }
  check_parsed(place, payload, now_ns);
}

}  // namespace bench::load
