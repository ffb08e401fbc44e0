// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/refusal_labels.h"

#include <algorithm>

namespace proto::socketio {
namespace {

constexpr std::string_view labels[] = {
    "other",
    // PacketError
    "unknown_type", "bad_attachment_count", "too_many_attachments", "bad_namespace", "bad_id", "not_json",
    "invalid_payload", "reserved_event", "bad_placeholder", "text_between_attachments", "unexpected_binary",
    "packet_too_large",
    // EngineParseError
    "engine_unknown_type", "engine_bad_base64", "engine_invalid_utf8", "engine_payload_too_large",
    // RuleRefusal
    "too_many_arguments", "wrong_argument", "arguments_too_large", "bad_event", "bad_room", "bad_topic", "binary_data",
    "undeliverable",
    // of sessions
    "already_connected", "connect_refused", "engine_ping", "no_rule", "not_a_member", "not_connected", "separator",
    "too_many_delayed", "too_many_namespaces", "too_many_replays", "too_many_rooms", "too_much_data",
    "unexpected_packet", "unknown_namespace",
    // of publishing: Reason
    "message_too_big", "rate_exceeded", "too_many_topics", "shed_publish"};

}  // namespace

std::span<const std::string_view> refusal_labels() { return labels; }

std::size_t index_of_refusal(std::string_view label) {
  const auto found = std::find(std::begin(labels), std::end(labels), label);
  return found == std::end(labels) ? 0 : static_cast<std::size_t>(found - std::begin(labels));
}

}  // namespace proto::socketio
