// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/packet.h"

#include <algorithm>
#include <iterator>

#include "proto/json.h"
#include "proto/notation.h"
#include "proto/socketio/placeholders.h"

namespace proto::socketio {
namespace {

constexpr std::size_t id_digits_max = 16;
constexpr std::size_t count_digits_max = 16;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20; }

bool is_binary(PacketType type) { return type == PacketType::binary_event || type == PacketType::binary_ack; }
bool is_event(PacketType type) { return type == PacketType::event || type == PacketType::binary_event; }

std::string_view view(std::span<const char> bytes) { return {bytes.data(), bytes.size()}; }

// The header's parts stand one behind the other; each function takes its own from the front of `rest`.

std::optional<PacketError> take_type(std::span<char>& rest, PacketType& type) {
  if (rest.empty() || rest.front() < '0' || rest.front() > '6') return PacketError::unknown_type;
  type = static_cast<PacketType>(rest.front() - '0');
  rest = rest.subspan(1);
  return std::nullopt;
}

std::string_view take_digits(std::span<char>& rest) {
  const auto end = std::find_if_not(rest.begin(), rest.end(), is_digit);
  const std::span<char> digits(rest.begin(), end);
  rest = rest.subspan(digits.size());
  return view(digits);
}

// Digits and a hyphen; at least one attachment. The reference also takes what else JavaScript reads as a number
// ("1e0").
std::optional<PacketError> take_attachments(std::span<char>& rest, std::size_t& attachments) {
  const std::string_view digits = take_digits(rest);
  if (digits.empty() || digits.size() > count_digits_max || rest.empty() || rest.front() != '-') {
    return PacketError::bad_attachment_count;
  }
  rest = rest.subspan(1);
  attachments = parse_number(digits).value_or(attachments_max + 1);
  if (attachments == 0) return PacketError::bad_attachment_count;
  if (attachments > attachments_max) return PacketError::too_many_attachments;
  return std::nullopt;
}

std::optional<PacketError> take_namespace(std::span<char>& rest, Packet& packet) {
  packet.nsp = "/";
  if (rest.empty() || rest.front() != '/') return std::nullopt;
  const auto end = std::find(rest.begin(), rest.end(), ',');
  const std::string_view name = view({rest.begin(), end});
  // It comes back in answers, where a control character would be a separator or break a line of the log.
  if (std::any_of(name.begin(), name.end(), is_control)) return PacketError::bad_namespace;
  rest = {end == rest.end() ? end : end + 1, rest.end()};
  const std::size_t query = std::min(name.find('?'), name.size());
  packet.nsp = name.substr(0, query);
  packet.nsp_query = name.substr(std::min(query + 1, name.size()));
  return std::nullopt;
}

std::optional<PacketError> take_id(std::span<char>& rest, std::optional<std::uint64_t>& id) {
  const std::string_view digits = take_digits(rest);
  // The reference takes white space for a digit.
  if (!rest.empty() && is_space(rest.front())) return PacketError::bad_id;
  if (digits.empty()) return std::nullopt;
  if (digits.size() > id_digits_max) return PacketError::bad_id;
  id = parse_number(digits);
  if (!id || *id > id_max) return PacketError::bad_id;
  return std::nullopt;
}

// The first element of an event's array.
std::optional<PacketError> read_event(JsonReader& reader, Packet& packet) {
  const JsonType type = reader.type();
  if (type != JsonType::string && type != JsonType::number) return PacketError::invalid_payload;
  const std::span<char> raw = reader.read_value();
  if (reader.failed()) return PacketError::not_json;
  packet.event_is_number = type == JsonType::number;
  packet.event = view(raw);
  if (packet.event_is_number) return std::nullopt;
  packet.event = packet.event.substr(1, raw.size() - 2);
  if (packet.event.find('\\') != std::string_view::npos) {
    // In place it would spoil the payload, which keeps its bytes.
    packet.event_bytes = view(raw);
    packet.event = unescape_json(packet.event_bytes);
  }
  return is_reserved_event(packet.event) ? std::optional(PacketError::reserved_event) : std::nullopt;
}

void note_argument(std::string_view json, Packet& packet) {
  const char* const begin = packet.argument_count == 0 ? json.data() : packet.arguments.data();
  packet.arguments = {begin, static_cast<std::size_t>(json.data() + json.size() - begin)};
  ++packet.argument_count;
  if (packet.argument.size() < argument_views_max) packet.argument.push_back(json);
}

std::optional<PacketError> read_array(JsonReader& reader, Packet& packet) {
  if (reader.type() != JsonType::array) return PacketError::invalid_payload;
  bool event_due = is_event(packet.type);
  reader.enter_array();
  while (reader.next_element()) {
    if (event_due) {
      if (const auto error = read_event(reader, packet)) return error;
      event_due = false;
    } else {
      note_argument(view(reader.read_value(json_depth_max - 1)), packet);
    }
  }
  if (reader.failed()) return PacketError::not_json;
  return event_due ? std::optional(PacketError::invalid_payload) : std::nullopt;
}

std::optional<PacketError> read_value(JsonReader& reader, Packet& packet) {
  const JsonType type = reader.type();
  const bool fits = type == JsonType::object || (packet.type == PacketType::connect_error && type == JsonType::string);
  if (type != JsonType::none && !fits) return PacketError::invalid_payload;
  reader.read_value();
  return std::nullopt;
}

std::optional<PacketError> read_payload(std::span<char> json, Packet& packet) {
  const bool array = is_event(packet.type) || packet.type == PacketType::ack || packet.type == PacketType::binary_ack;
  // The reference lets an event without anything pass; the protocol's document wants that closed.
  if (json.empty()) return array ? std::optional(PacketError::invalid_payload) : std::nullopt;
  if (packet.type == PacketType::disconnect) return PacketError::invalid_payload;
  JsonReader reader(json, HalfSurrogates::replace);
  if (const auto error = array ? read_array(reader, packet) : read_value(reader, packet)) return error;
  packet.payload = view(json.first(reader.position()));
  if (!reader.finish()) return PacketError::not_json;
  if (packet.attachments > 0 && !find_placeholders(packet.payload, packet.attachments, packet.placeholders)) {
    return PacketError::bad_placeholder;
  }
  return std::nullopt;
}

}  // namespace

std::string_view label(PacketError error) {
  switch (error) {
    case PacketError::unknown_type: return "unknown_type";
    case PacketError::bad_attachment_count: return "bad_attachment_count";
    case PacketError::too_many_attachments: return "too_many_attachments";
    case PacketError::bad_namespace: return "bad_namespace";
    case PacketError::bad_id: return "bad_id";
    case PacketError::not_json: return "not_json";
    case PacketError::invalid_payload: return "invalid_payload";
    case PacketError::reserved_event: return "reserved_event";
    case PacketError::bad_placeholder: return "bad_placeholder";
    case PacketError::text_between_attachments: return "text_between_attachments";
    case PacketError::unexpected_binary: return "unexpected_binary";
    case PacketError::packet_too_large: return "packet_too_large";
  }
  return "";
}

std::optional<PacketError> parse_packet(std::span<char> text, Packet& packet) {
  std::span<char> rest = text;
  if (const auto error = take_type(rest, packet.type)) return error;
  if (is_binary(packet.type)) {
    if (const auto error = take_attachments(rest, packet.attachments)) return error;
  }
  if (const auto error = take_namespace(rest, packet)) return error;
  if (const auto error = take_id(rest, packet.id)) return error;
  return read_payload(rest, packet);
}

bool is_reserved_event(std::string_view event) {
  constexpr std::string_view reserved[] = {"connect",       "connect_error", "disconnect",
                                           "disconnecting", "newListener",   "removeListener"};
  return std::find(std::begin(reserved), std::end(reserved), event) != std::end(reserved);
}

}  // namespace proto::socketio
