// SPDX-License-Identifier: Apache-2.0
#include "proto/reason.h"

#include <array>

namespace proto {
namespace {

struct Row {
  Reason reason;
  ReasonFacts facts;
};

constexpr Row rows[] = {
    {Reason::peer_closed, {"peer_closed", 0, 0}},
    {Reason::peer_reset, {"peer_reset", 0, 0}},
    {Reason::answered, {"answered", 0, 0}},
    {Reason::going_away, {"going_away", 1001, 503}},
    {Reason::bad_request, {"bad_request", 0, 400}},
    {Reason::unauthorized, {"unauthorized", 1008, 401}},
    {Reason::origin_refused, {"origin_refused", 1008, 403}},
    {Reason::not_found, {"not_found", 0, 404}},
    {Reason::method_not_allowed, {"method_not_allowed", 0, 405}},
    {Reason::length_required, {"length_required", 0, 411}},
    {Reason::body_too_large, {"body_too_large", 0, 413}},
    {Reason::target_too_long, {"target_too_long", 0, 414}},
    {Reason::expectation_failed, {"expectation_failed", 0, 417}},
    {Reason::upgrade_required, {"upgrade_required", 0, 426}},
    {Reason::head_too_large, {"head_too_large", 0, 431}},
    {Reason::not_implemented, {"not_implemented", 0, 501}},
    {Reason::version_not_supported, {"version_not_supported", 0, 505}},
    {Reason::plain_http_on_tls, {"plain_http_on_tls", 0, 400}},
    {Reason::protocol_error, {"protocol_error", 1002, 400}},
    {Reason::unsupported_data, {"unsupported_data", 1003, 415}},
    {Reason::invalid_utf8, {"invalid_utf8", 1007, 400}},
    {Reason::invalid_deflate, {"invalid_deflate", 1007, 400}},
    {Reason::policy_violation, {"policy_violation", 1008, 403}},
    {Reason::message_too_big, {"message_too_big", 1009, 413}},
    {Reason::too_many_fragments, {"too_many_fragments", 1009, 413}},
    {Reason::handshake_timeout, {"handshake_timeout", 0, 0}},
    {Reason::head_timeout, {"head_timeout", 0, 408}},
    {Reason::body_timeout, {"body_timeout", 0, 408}},
    {Reason::ping_timeout, {"ping_timeout", 1008, 408}},
    {Reason::connect_timeout, {"connect_timeout", 1008, 408}},
    {Reason::close_timeout, {"close_timeout", 0, 0}},
    {Reason::read_timeout, {"read_timeout", 1008, 408}},
    {Reason::too_many_subscriptions, {"too_many_subscriptions", 1008, 429}},
    {Reason::rate_exceeded, {"rate_exceeded", 0, 0}},
    {Reason::slow_consumer, {"slow_consumer", 1013, 503}},
    {Reason::taken_over, {"taken_over", 1001, 503}},
    {Reason::undeliverable, {"undeliverable", 0, 0}},
    {Reason::too_many_connections, {"too_many_connections", 1013, 503}},
    {Reason::too_many_from_address, {"too_many_from_address", 1013, 429}},
    {Reason::too_many_topics, {"too_many_topics", 1013, 503}},
    {Reason::shed_connection, {"shed_connection", 1013, 503}},
    {Reason::shed_reader, {"shed_reader", 1013, 503}},
    {Reason::shed_publish, {"shed_publish", 1013, 429}},
    {Reason::no_descriptors, {"no_descriptors", 0, 0}},
    {Reason::draining, {"draining", 1001, 503}},
    {Reason::tls_error, {"tls_error", 0, 0}},
    {Reason::internal_error, {"internal_error", 1011, 500}},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    if (static_cast<std::size_t>(rows[i].reason) != i) return false;
  }
  return std::size(rows) == reason_count;
}
static_assert(in_order(), "one row a reason, in the order of the enumerators");

}  // namespace

const ReasonFacts& facts(Reason reason) { return rows[static_cast<std::size_t>(reason)].facts; }

}  // namespace proto
