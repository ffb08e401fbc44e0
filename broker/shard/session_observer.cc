// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/session_observer.h"

#include <algorithm>

#include "config/limits.h"
#include "proto/socketio/refusal_labels.h"

namespace broker::shard {

// Namespaces beyond those that the metrics have slots for share the last one.
std::size_t SessionObserver::index_of(std::string_view nsp) const {
  const auto found = std::ranges::find(namespaces_, nsp);
  return std::min<std::size_t>(static_cast<std::size_t>(found - namespaces_.begin()), base::namespaces_max - 1);
}

void SessionObserver::connected(std::string_view nsp) { metrics_.sockets[index_of(nsp)].add(); }

void SessionObserver::disconnected(std::string_view nsp) { metrics_.sockets[index_of(nsp)].sub(); }

void SessionObserver::recovered(std::string_view nsp, Recovery result) {
  metrics_.socket_recoveries(index_of(nsp), result).add();
}

void SessionObserver::unmatched(std::string_view nsp, std::string_view event) {
  metrics_.socket_events_unmatched[index_of(nsp)].add();
  std::string name(nsp);
  name += '\0';
  name += event;
  if (told_.size() >= config::limits::unmatched_events_told || !told_.insert(std::move(name)).second) return;
  log_.warning("no rule for an event: see socketio.namespaces", {{"namespace", nsp}, {"event", event}});
}

void SessionObserver::refused(std::string_view nsp, std::string_view label) {
  metrics_.socket_packets_refused[proto::socketio::index_of_refusal(label)].add();
  log_.debug("a packet was refused", {{"namespace", nsp}, {"reason", label}});
}

}  // namespace broker::shard
