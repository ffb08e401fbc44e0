// SPDX-License-Identifier: Apache-2.0
// Every reason to refuse or to close, in one place: what a WebSocket peer is told (close code), what an HTTP peer is
// told (status), and the metric's label. Nothing closes a socket without one. Thread: any.
#pragma once

#include <cstdint>
#include <string_view>

namespace proto {

enum class Reason : std::uint8_t {
  // the peer's own doing, in good order
  peer_closed,
  peer_reset,
  // ours, in good order
  answered,    // an HTTP exchange ended with Connection: close
  going_away,  // drain
  // HTTP: what was asked cannot be done
  bad_request,
  unauthorized,
  origin_refused,
  not_found,
  method_not_allowed,
  length_required,
  body_too_large,
  target_too_long,
  expectation_failed,
  upgrade_required,
  head_too_large,
  not_implemented,
  version_not_supported,
  plain_http_on_tls,
  // WebSocket
  protocol_error,
  unsupported_data,
  invalid_utf8,
  invalid_deflate,
  policy_violation,
  message_too_big,
  too_many_fragments,
  // time
  handshake_timeout,
  head_timeout,
  body_timeout,
  ping_timeout,
  connect_timeout,  // an Engine.IO session in which nobody has said CONNECT
  close_timeout,
  read_timeout,  // the peer does not take its answers
  // limits of a connection (config/README.md has the table of all)
  too_many_subscriptions,
  rate_exceeded,  // read more slowly, never closed
  // resources
  slow_consumer,
  taken_over,  // by another connection of the same client, which this one was only thought to be
  undeliverable,  // one message alone: the subscriber's dialect has no way to say it
  too_many_connections,
  too_many_from_address,
  too_many_topics,
  // memory over all, in this order
  shed_connection,
  shed_reader,
  shed_publish,
  no_descriptors,
  draining,
  // TLS
  tls_error,
  // ours
  internal_error,
};
inline constexpr std::size_t reason_count = static_cast<std::size_t>(Reason::internal_error) + 1;

struct ReasonFacts {
  std::string_view label;    // of metrics, and in the close frame
  std::uint16_t close_code;  // RFC 6455 §7.4.1; 0: no close frame is sent
  std::uint16_t status;      // of HTTP; 0: no answer is sent
};

[[nodiscard]] const ReasonFacts& facts(Reason);

}  // namespace proto
