// SPDX-License-Identifier: Apache-2.0
// The numbers that a shard keeps for Prometheus: plain slots with one writer, read by the admin thread as they change.
// metric_table() has one row a metric, bound to its member of ShardMetrics. Topic names, client ids and addresses are
// never labels.
//
//     metrics.connections(Transport::wss, dialect).add();   metrics.connections_closed[reason].add();
//
// Thread: writing the shard that owns the ShardMetrics; reading any.
// Limits: 16 dialects, 64 reasons; their names come from main.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

#include "broker/base/check.h"

namespace broker::base {

// Only grows. A load and a store, not an atomic addition: there is one writer, and readers only need whole values.
class Counter {
 public:
  void add(std::uint64_t n = 1) { value_.store(value() + n, std::memory_order_relaxed); }
  // For a total that is counted elsewhere (the ring's own counts). Requires: it does not shrink.
  void set_total(std::uint64_t total) { value_.store(total, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class Gauge {
 public:
  void add(std::int64_t n = 1) { set(value() + n); }
  void sub(std::int64_t n = 1) { set(value() - n); }
  void set(std::int64_t value) { value_.store(value, std::memory_order_relaxed); }
  [[nodiscard]] std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

// Durations from 50 µs to 10 s.
class Histogram {
 public:
  static constexpr std::array<std::int64_t, 17> bounds_ns = {
      50'000,         100'000,     250'000,     500'000,                                      // up to 500 µs
      1'000'000,      2'500'000,   5'000'000,   10'000'000,    25'000'000,    50'000'000,     // up to 50 ms
      100'000'000,    250'000'000, 500'000'000, 1'000'000'000, 2'500'000'000, 5'000'000'000,  // up to 5 s
      10'000'000'000,
  };
  static constexpr std::size_t bucket_count = bounds_ns.size() + 1;  // the last has no bound

  // `n` observations of the same duration.
  void observe(std::chrono::nanoseconds duration, std::uint64_t n = 1);
  // Not cumulative: what fell into this bucket and no lower one.
  [[nodiscard]] std::uint64_t bucket(std::size_t index) const { return buckets_[index].value(); }
  [[nodiscard]] std::uint64_t sum_ns() const { return sum_ns_.value(); }
  [[nodiscard]] std::uint64_t count() const;

 private:
  std::array<Counter, bucket_count> buckets_;
  Counter sum_ns_;
};

enum class Transport : std::uint8_t { ws, wss, http, https };
enum class Listener : std::uint8_t { http, https };
enum class MailboxKind : std::uint8_t { publish, delivery };
enum class Direction : std::uint8_t { in, out };
enum class TlsVersion : std::uint8_t { tls1_2, tls1_3 };
enum class TlsResult : std::uint8_t { ok, failed };
inline constexpr std::size_t dialects_max = 16;
inline constexpr std::size_t reasons_max = 64;
inline constexpr std::size_t namespaces_max = 16;
inline constexpr std::size_t packet_refusals_max = 64;

// Slots for every combination of label values. A label's value is given as its enumerator, bool or index.
template <class Slot, std::size_t... sizes>
class Family {
 public:
  static constexpr std::size_t slot_count = (sizes * ...);

  template <class... Labels>
    requires(sizeof...(Labels) == sizeof...(sizes))
  Slot& operator()(Labels... labels) {
    std::size_t index = 0;
    ((index = index * sizes + checked(static_cast<std::size_t>(labels), sizes)), ...);
    return slots_[index];
  }
  template <class Label>
    requires(sizeof...(sizes) == 1)
  Slot& operator[](Label label) {
    return (*this)(label);
  }
  // In the order of the labels, the last one running fastest.
  [[nodiscard]] std::span<const Slot, slot_count> slots() const { return slots_; }

 private:
  static std::size_t checked(std::size_t index, std::size_t size) {
    KODAMA_CHECK(index < size, index, " of ", size);
    return index;
  }
  std::array<Slot, slot_count> slots_;
};

// One per shard, allocated apart from the others so that no two shards write to one cache line.
struct alignas(128) ShardMetrics {
  Family<Gauge, 4, dialects_max> connections;  // Transport, dialect
  Family<Counter, 2> connections_accepted;     // Listener
  Family<Counter, reasons_max> connections_rejected;
  Family<Counter, reasons_max> connections_closed;
  Family<Counter, reasons_max> limits_reached;
  Family<Counter, dialects_max> messages_published;
  Family<Counter, dialects_max> message_bytes_published;
  Family<Counter, reasons_max> publishes_refused;
  Family<Counter, dialects_max> deliveries;
  Family<Counter, dialects_max> delivery_bytes;
  Family<Counter, reasons_max> deliveries_dropped;
  Family<Histogram, 2> fanout_latency;  // backlogged: false, true
  Gauge topics;
  Family<Gauge, dialects_max> subscriptions;
  Gauge log_bytes;
  Gauge queue_bytes;
  Gauge memory_bytes;
  Family<Gauge, 2> mailbox_entries;        // MailboxKind
  Family<Counter, 2> mailbox_full;         // MailboxKind
  Family<Counter, 2> deflate_messages;     // Direction
  Family<Counter, 2> deflate_plain_bytes;  // Direction
  Family<Counter, 2> deflate_wire_bytes;   // Direction
  Gauge deflate_window_bytes;
  Family<Counter, 2, 2, 2> tls_handshakes;  // TlsVersion, resumed: false, true, TlsResult
  Gauge polling_sessions;
  Counter session_upgrades;
  Counter polls;
  Family<Gauge, namespaces_max> sockets;                    // namespace
  Family<Counter, namespaces_max, 4> socket_recoveries;     // namespace, proto::socketio::Observer::Recovery
  Family<Counter, namespaces_max> socket_events_unmatched;  // namespace
  Family<Counter, packet_refusals_max> socket_packets_refused;
  Counter ring_enters;
  Counter ring_completions;
  Counter ring_submit_full;
  Counter ring_overflows;
  Counter ring_buffers_exhausted;
  Counter shard_busy_ns;
  // Also the heartbeat: once a turn, at least once after every wake-up. See broker/admin/health.h.
  Counter shard_turns;
};

// How the reloads of the configuration went. The main thread's; reading any.
struct ReloadMetrics {
  Counter ok;
  Counter failed;        // they changed nothing
  Gauge last_ok;         // 1: the last one went well, or there was none since the start
  Gauge last_ok_time_s;  // since 1970; the start counts as one
};

enum class MetricType : std::uint8_t { counter, gauge, histogram };
enum class Label : std::uint8_t {
  none,
  transport,
  dialect,
  listener,
  reason,
  backlogged,
  kind,
  direction,
  version,
  resumed,
  result,
  socket_namespace,  // `namespace`
  recovery,          // `result`, too
  refusal,           // `reason`, too
};

struct MetricRow {
  std::string_view name;  // without the prefix kodama_
  MetricType type;
  std::string_view help;
  std::array<Label, 3> labels;  // in the order of the Family's dimensions
  bool per_shard;               // one series a shard, with the label `shard`; otherwise the shards' sum
  double unit;                  // what one of the slot's units is in the metric's base unit
  // The slots of one shard, in Family::slots() order. `value` is null for histograms, `histogram` for all others.
  std::size_t slot_count;
  double (*value)(const ShardMetrics&, std::size_t slot);
  const Histogram* (*histogram)(const ShardMetrics&, std::size_t slot);
};

[[nodiscard]] std::span<const MetricRow> metric_table();

[[nodiscard]] std::string_view name_of(Label);
// How many values a Family has room for; 1 for Label::none.
[[nodiscard]] std::size_t dimension_of(Label);
// The values of a label that has fixed ones, in slot order; empty for those whose names main knows.
[[nodiscard]] std::span<const std::string_view> values_of(Label);

}  // namespace broker::base
