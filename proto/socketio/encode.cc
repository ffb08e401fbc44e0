// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/encode.h"

#include <vector>

#include "proto/json.h"
#include "proto/notation.h"
#include "proto/socketio/packet.h"
#include "proto/socketio/placeholders.h"

namespace proto::socketio {
namespace {

constexpr char message_type = '4';

void append_type(std::string& out, PacketType type) {
  out += message_type;
  out += static_cast<char>('0' + static_cast<int>(type));
}

void append_namespace(std::string& out, std::string_view nsp) {
  if (nsp == "/") return;
  out += nsp;
  out += ',';
}

void append_head(std::string& out, PacketType type, const Outgoing& outgoing) {
  append_type(out, type);
  if (outgoing.attachments > 0) {
    append_number(out, outgoing.attachments);
    out += '-';
  }
  append_namespace(out, outgoing.nsp);
  if (outgoing.id) append_number(out, *outgoing.id);
  out += '[';
}

void append_arguments(std::string& out, std::span<const std::string_view> arguments) {
  for (const std::string_view argument : arguments) {
    if (argument.empty()) continue;
    if (out.back() != '[') out += ',';
    out += argument;
  }
  out += ']';
}

}  // namespace

void append_event(std::string& out, std::string_view event, const Outgoing& outgoing) {
  append_head(out, outgoing.attachments > 0 ? PacketType::binary_event : PacketType::event, outgoing);
  append_json_string(out, event);
  append_arguments(out, outgoing.arguments);
}

void append_ack(std::string& out, const Outgoing& outgoing) {
  append_head(out, outgoing.attachments > 0 ? PacketType::binary_ack : PacketType::ack, outgoing);
  append_arguments(out, outgoing.arguments);
}

void append_connect(std::string& out, std::string_view nsp, std::string_view sid, std::string_view pid) {
  append_type(out, PacketType::connect);
  append_namespace(out, nsp);
  out += "{\"sid\":";
  append_json_string(out, sid);
  if (!pid.empty()) {
    out += ",\"pid\":";
    append_json_string(out, pid);
  }
  out += '}';
}

void append_connect_error(std::string& out, std::string_view nsp, std::string_view message, std::string_view data) {
  append_type(out, PacketType::connect_error);
  append_namespace(out, nsp);
  out += "{\"message\":";
  append_json_string(out, message);
  if (!data.empty()) {
    out += ",\"data\":";
    out += data;
  }
  out += '}';
}

void append_disconnect(std::string& out, std::string_view nsp) {
  append_type(out, PacketType::disconnect);
  append_namespace(out, nsp);
}

void append_placeholder(std::string& out, std::size_t number) {
  out += "{\"_placeholder\":true,\"num\":";
  append_number(out, number);
  out += '}';
}

std::string_view label(Undeliverable why) {
  switch (why) {
    case Undeliverable::reserved_event: return "reserved_event";
    case Undeliverable::too_many_attachments: return "too_many_attachments";
    case Undeliverable::bad_placeholder: return "bad_placeholder";
  }
  return "";
}

std::optional<Undeliverable> check_deliverable(std::string_view event, const Outgoing& outgoing) {
  if (is_reserved_event(event)) return Undeliverable::reserved_event;
  if (outgoing.attachments == 0) return std::nullopt;
  if (outgoing.attachments > attachments_max) return Undeliverable::too_many_attachments;
  // As they will be written, because a piece may be several values.
  std::string array = "[";
  append_arguments(array, outgoing.arguments);
  std::vector<Placeholder> found;
  if (!find_placeholders(array, outgoing.attachments, found)) return Undeliverable::bad_placeholder;
  return std::nullopt;
}

}  // namespace proto::socketio
