// SPDX-License-Identifier: Apache-2.0
// Packets of Socket.IO v5, as they stand in Engine.IO's messages (docs/socket.io-protocol/v5-current.md, "Packet
// encoding"), read with the strictness of packages/socket.io-parser. What is refused closes the connection.
//
//   packet = type [attachments "-"] [namespace ","] [id] [JSON]        namespace: absent is "/"
//
// Thread: one at a time. Borrows the text: all views of a Packet are into it, or into the Packet itself. The text is
//   changed in place in one case: half of a surrogate pair, which JavaScript may write, becomes U+FFFD.
// Errors: values.
// Limits: 1 to 10 attachments in a binary packet, acknowledgement ids up to 2^53 - 1, and those of JsonReader: 64
//   levels, 1 MiB for one argument that is not a string.
#pragma once

#include <absl/container/inlined_vector.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace proto::socketio {

// A BINARY_EVENT is an event with attachments, a BINARY_ACK an ack with attachments: 5 and 6 on the wire.
enum class PacketType : std::uint8_t { connect, disconnect, event, ack, connect_error, binary_event, binary_ack };

inline constexpr std::size_t attachments_max = 10;  // the reference's maxAttachments, on both sides
inline constexpr std::size_t argument_views_max = 32;
inline constexpr std::uint64_t id_max = (std::uint64_t{1} << 53) - 1;  // JavaScript's largest safe whole number

enum class PacketError : std::uint8_t {
  unknown_type,
  bad_attachment_count,
  too_many_attachments,
  bad_namespace,  // a control character in it
  bad_id,
  not_json,         // or nested too deeply, or too large
  invalid_payload,  // not the kind of JSON that a packet of this type has
  reserved_event,
  bad_placeholder,
  // told by Assembler
  text_between_attachments,
  unexpected_binary,
  packet_too_large,
};
[[nodiscard]] std::string_view label(PacketError error);  // of metrics

// {"_placeholder":true,"num":0}: where an attachment belongs.
struct Placeholder {
  std::string_view json;  // the whole object
  std::size_t number = 0;
};

struct Packet {
  PacketType type = PacketType::connect;
  std::size_t attachments = 0;      // binary messages that follow
  std::string_view nsp;             // "/" or "/admin"; without a query
  std::string_view nsp_query;       // what old clients write behind it: "token=1" of "/admin?token=1"
  std::optional<std::uint64_t> id;  // of the acknowledgement that is wanted, or given
  std::string_view payload;         // JSON: CONNECT's auth (empty: none), CONNECT_ERROR's data, the whole array
  std::string_view event;           // an event's name, unescaped; of a number its JSON
  bool event_is_number = false;
  std::string_view arguments;      // JSON values joined by commas, without the event's name: fit for "[" … "]"
  std::size_t argument_count = 0;  // all of them
  absl::InlinedVector<std::string_view, 8> argument;  // JSON; the first argument_views_max of them
  std::vector<Placeholder> placeholders;              // in order; one attachment may be in several places, or in none
  std::string event_bytes;                            // what `event` views if the name has escapes

  Packet() = default;
  Packet(const Packet&) = delete;  // a copy's views would point into the original
  Packet& operator=(const Packet&) = delete;
};

// Requires: UTF-8, and an empty Packet. None: `packet` is good.
[[nodiscard]] std::optional<PacketError> parse_packet(std::span<char> text, Packet& packet);

// The names that clients' parsers refuse: connect, connect_error, disconnect, disconnecting, newListener,
// removeListener.
[[nodiscard]] bool is_reserved_event(std::string_view event);

}  // namespace proto::socketio
