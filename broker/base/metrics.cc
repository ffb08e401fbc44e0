// SPDX-License-Identifier: Apache-2.0
#include "broker/base/metrics.h"

#include <algorithm>

namespace broker::base {

void Histogram::observe(std::chrono::nanoseconds duration, std::uint64_t n) {
  const std::int64_t ns = std::max<std::int64_t>(duration.count(), 0);
  const auto bound = std::lower_bound(bounds_ns.begin(), bounds_ns.end(), ns);  // a bound belongs to its bucket ("le")
  buckets_[static_cast<std::size_t>(bound - bounds_ns.begin())].add(n);
  sum_ns_.add(static_cast<std::uint64_t>(ns) * n);
}

std::uint64_t Histogram::count() const {
  std::uint64_t count = 0;
  for (const Counter& bucket : buckets_) count += bucket.value();
  return count;
}

namespace {

template <class Slot>
std::span<const Slot> slots_of(const Slot& slot) {
  return {&slot, 1};
}
template <class Slot, std::size_t... sizes>
std::span<const Slot> slots_of(const Family<Slot, sizes...>& family) {
  return family.slots();
}

enum class Scope : bool { process, shard };

template <class Member>
constexpr std::size_t slots_in = 1;
template <class Slot, std::size_t... sizes>
constexpr std::size_t slots_in<Family<Slot, sizes...>> = Family<Slot, sizes...>::slot_count;

template <class Slot>
constexpr MetricType type_of = MetricType::histogram;
template <>
constexpr MetricType type_of<Counter> = MetricType::counter;
template <>
constexpr MetricType type_of<Gauge> = MetricType::gauge;
template <class Slot, std::size_t... sizes>
constexpr MetricType type_of<Family<Slot, sizes...>> = type_of<Slot>;

template <auto member>
constexpr MetricRow row(std::string_view name, std::string_view help, std::array<Label, 3> labels = {},
                        Scope scope = Scope::process, double unit = 1) {
  using Member = std::remove_reference_t<decltype(std::declval<ShardMetrics&>().*member)>;
  MetricRow made{name, type_of<Member>, help, labels, scope == Scope::shard, unit, slots_in<Member>, nullptr, nullptr};
  if constexpr (type_of<Member> == MetricType::histogram) {
    made.histogram = [](const ShardMetrics& shard, std::size_t slot) { return &slots_of(shard.*member)[slot]; };
  } else {
    made.value = [](const ShardMetrics& shard, std::size_t slot) {
      return static_cast<double>(slots_of(shard.*member)[slot].value());
    };
  }
  return made;
}

constexpr double nanosecond = 1e-9;
using M = ShardMetrics;

constexpr MetricRow table[] = {
    row<&M::connections>("connections", "Connections that are open.", {Label::transport, Label::dialect}),
    row<&M::connections_accepted>("connections_accepted_total", "Connections that were accepted.", {Label::listener}),
    row<&M::connections_rejected>("connections_rejected_total",
                                  "Connections and requests that were refused before they became a session.",
                                  {Label::reason}),
    row<&M::connections_closed>("connections_closed_total", "Connections that have ended.", {Label::reason}),
    row<&M::limits_reached>("limits_reached_total",
                            "Times that a limit was reached that slows down or refuses a command, and closes nothing.",
                            {Label::reason}),
    row<&M::messages_published>("messages_published_total", "Messages that were sequenced and logged.",
                                {Label::dialect}),
    row<&M::message_bytes_published>("message_bytes_published_total", "Bytes of content of the published messages.",
                                     {Label::dialect}),
    row<&M::publishes_refused>("publishes_refused_total", "Publishes that were answered with an error.",
                               {Label::reason}),
    row<&M::deliveries>("deliveries_total", "Messages handed to the kernel for a subscriber, one each.",
                        {Label::dialect}),
    row<&M::delivery_bytes>("delivery_bytes_total", "Encoded bytes of the deliveries, before TLS.", {Label::dialect}),
    row<&M::deliveries_dropped>("deliveries_dropped_total", "Messages that a subscriber did not get.", {Label::reason}),
    row<&M::fanout_latency>("fanout_latency_seconds",
                            "From the accepting of a publish to the handing of a subscriber's last byte of it to the "
                            "kernel; backlogged subscribers already had a queue.",
                            {Label::backlogged}),
    row<&M::topics>("topics", "Topics that are held."),
    row<&M::subscriptions>("subscriptions", "Subscriptions that are held.", {Label::dialect}),
    row<&M::log_bytes>("log_bytes", "Memory that the topics' logs take."),
    row<&M::queue_bytes>("queue_bytes", "Bytes that wait in the subscribers' queues."),
    row<&M::memory_bytes>("memory_bytes", "What counts against limits.memory: logs, queues, unfinished input.", {},
                          Scope::shard),
    row<&M::mailbox_entries>("mailbox_entries", "Entries in the mailboxes between shards.", {Label::kind},
                             Scope::shard),
    row<&M::mailbox_full>("mailbox_full_total", "Times that a mailbox to another shard was full.", {Label::kind},
                          Scope::shard),
    row<&M::deflate_messages>(
        "deflate_messages_total",
        "WebSocket messages that came compressed (in), and those that were compressed (out), once "
        "for all subscribers of a shard that share the result.",
        {Label::direction}),
    row<&M::deflate_plain_bytes>("deflate_plain_bytes_total", "Bytes of these messages, not compressed.",
                                 {Label::direction}),
    row<&M::deflate_wire_bytes>("deflate_wire_bytes_total", "Bytes of these messages, compressed.", {Label::direction}),
    row<&M::deflate_window_bytes>("deflate_window_bytes",
                                  "Memory that is promised to publishers whose compression goes on from message to "
                                  "message."),
    row<&M::tls_handshakes>("tls_handshakes_total", "TLS handshakes that have ended.",
                            {Label::version, Label::resumed, Label::result}),
    row<&M::polling_sessions>("polling_sessions", "Sessions of Engine.IO that poll; the others are connections."),
    row<&M::session_upgrades>("session_upgrades_total", "Sessions that went from polling to a WebSocket."),
    row<&M::polls>("polls_total", "Polls that were answered."),
    row<&M::sockets>("sockets", "Sockets of Socket.IO that are in a namespace.", {Label::socket_namespace}),
    row<&M::socket_recoveries>("socket_recoveries_total", "Sockets that came back, by what became of their state.",
                               {Label::socket_namespace, Label::recovery}),
    row<&M::socket_events_unmatched>("socket_events_unmatched_total", "Events of clients for which there is no rule.",
                                     {Label::socket_namespace}),
    row<&M::socket_packets_refused>("socket_packets_refused_total",
                                    "Packets of Engine.IO and Socket.IO that were refused.", {Label::refusal}),
    row<&M::ring_enters>("ring_enters_total", "Calls into the kernel that submit and wait.", {}, Scope::shard),
    row<&M::ring_completions>("ring_completions_total", "Completions that were reaped.", {}, Scope::shard),
    row<&M::ring_submit_full>("ring_submit_full_total",
                              "Times that the submission queue was full and was flushed early.", {}, Scope::shard),
    row<&M::ring_overflows>("ring_overflows_total", "Times that the completion queue overflowed.", {}, Scope::shard),
    row<&M::ring_buffers_exhausted>("ring_buffers_exhausted_total",
                                    "Receives that ended because no receive buffer was free.", {}, Scope::shard),
    row<&M::shard_busy_ns>("shard_busy_seconds_total", "Time that the shard spent working, not waiting.", {},
                           Scope::shard, nanosecond),
    row<&M::shard_turns>("shard_turns_total", "Turns that the shard has made.", {}, Scope::shard),
};

constexpr std::string_view transports[] = {"ws", "wss", "http", "https"};
constexpr std::string_view listeners[] = {"http", "https"};
constexpr std::string_view booleans[] = {"false", "true"};
constexpr std::string_view kinds[] = {"publish", "delivery"};
constexpr std::string_view directions[] = {"in", "out"};
constexpr std::string_view versions[] = {"TLSv1.2", "TLSv1.3"};
constexpr std::string_view results[] = {"ok", "failed"};
// proto::socketio::Observer::Recovery.
constexpr std::string_view recoveries[] = {"recovered", "unknown_pid", "bad_offset", "expired"};

}  // namespace

std::span<const MetricRow> metric_table() { return table; }

std::string_view name_of(Label label) {
  switch (label) {
    case Label::none: return "";
    case Label::transport: return "transport";
    case Label::dialect: return "dialect";
    case Label::listener: return "listener";
    case Label::reason: return "reason";
    case Label::backlogged: return "backlogged";
    case Label::kind: return "kind";
    case Label::direction: return "direction";
    case Label::version: return "version";
    case Label::resumed: return "resumed";
    case Label::result:
    case Label::recovery: return "result";
    case Label::socket_namespace: return "namespace";
    case Label::refusal: return "reason";
  }
  return "";
}

std::size_t dimension_of(Label label) {
  switch (label) {
    case Label::none: return 1;
    case Label::dialect: return dialects_max;
    case Label::reason: return reasons_max;
    case Label::socket_namespace: return namespaces_max;
    case Label::refusal: return packet_refusals_max;
    default: return values_of(label).size();
  }
}

std::span<const std::string_view> values_of(Label label) {
  switch (label) {
    case Label::transport: return transports;
    case Label::listener: return listeners;
    case Label::backlogged:
    case Label::resumed: return booleans;
    case Label::kind: return kinds;
    case Label::direction: return directions;
    case Label::version: return versions;
    case Label::result: return results;
    case Label::recovery: return recoveries;
    case Label::socket_namespace:
    case Label::refusal:
    case Label::none:
    case Label::dialect:
    case Label::reason: return {};
  }
  return {};
}

}  // namespace broker::base
