// SPDX-License-Identifier: Apache-2.0
// Writes packets of Socket.IO v5 as the text of an Engine.IO message, its type 4 included: `42["news","hi"]`. The same
// bytes go to every receiver, in a WebSocket text frame or in a payload; attachments follow them, raw in binary frames
// or each as a base64 packet (engine_packet.h).
// Thread: any. Nothing is kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace proto::socketio {

// What an event or an acknowledgement carries.
struct Outgoing {
  std::string_view nsp = "/";
  std::optional<std::uint64_t> id = std::nullopt;  // with an event: an acknowledgement is wanted. With an ack: required
  // JSON each, or several values with commas between them (Packet::arguments), or nothing at all: an empty piece is
  // left out. Attachments are placeholders in it.
  std::span<const std::string_view> arguments = {};
  std::size_t attachments = 0;
};

// EVENT, or BINARY_EVENT when there are attachments. `event` is text: it is escaped here.
void append_event(std::string& out, std::string_view event, const Outgoing& outgoing);
// ACK or BINARY_ACK.
void append_ack(std::string& out, const Outgoing& outgoing);
// `pid`: the recovery's private id; empty where recovery is off, and then the answer has no such key.
void append_connect(std::string& out, std::string_view nsp, std::string_view sid, std::string_view pid = {});
// `data`: JSON for the application; empty: none. Clients take it for final and do not try again.
void append_connect_error(std::string& out, std::string_view nsp, std::string_view message, std::string_view data = {});
// For kicks alone: a client that gets one stays away.
void append_disconnect(std::string& out, std::string_view nsp);
// {"_placeholder":true,"num":0}
void append_placeholder(std::string& out, std::size_t number);

// Why a client's parser would refuse an event, and close. Such an event is not sent to anybody.
enum class Undeliverable : std::uint8_t { reserved_event, too_many_attachments, bad_placeholder };
[[nodiscard]] std::string_view label(Undeliverable why);  // of metrics

// None: it can be delivered. Costs a look at the name when there are no attachments: placeholders mean something only
// in packets that have some. Requires: the arguments are JSON that was checked.
[[nodiscard]] std::optional<Undeliverable> check_deliverable(std::string_view event, const Outgoing& outgoing);

}  // namespace proto::socketio
