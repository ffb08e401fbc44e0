// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/engine_packet.h"

#include <absl/strings/escaping.h>

#include <algorithm>
#include <cstring>

#include "proto/json.h"
#include "proto/notation.h"
#include "proto/utf8.h"

namespace proto::socketio {
namespace {

constexpr char base64_prefix = 'b';
constexpr char first_type = '0';
constexpr char last_type = '6';

// Decodes in place: bytes are fewer than their base64.
bool decode_in_place(std::span<char>& text) {
  std::string bytes;
  if (!absl::Base64Unescape(absl::string_view(text.data(), text.size()), &bytes)) return false;
  text = text.first(bytes.size());
  if (!bytes.empty()) std::memcpy(text.data(), bytes.data(), bytes.size());
  return true;
}

}  // namespace

std::string_view label(EngineParseError error) {
  switch (error) {
    case EngineParseError::unknown_type: return "engine_unknown_type";
    case EngineParseError::bad_base64: return "engine_bad_base64";
    case EngineParseError::invalid_utf8: return "engine_invalid_utf8";
    case EngineParseError::payload_too_large: return "engine_payload_too_large";
  }
  return "";
}

std::optional<EngineParseError> parse_engine_packet(std::span<char> text, EnginePacket& packet) {
  if (text.empty()) return EngineParseError::unknown_type;
  const char type = text.front();
  packet.data = text.subspan(1);
  packet.binary = type == base64_prefix;
  if (packet.binary) {
    packet.type = EngineType::message;
    if (!decode_in_place(packet.data)) return EngineParseError::bad_base64;
    return std::nullopt;
  }
  if (type < first_type || type > last_type) return EngineParseError::unknown_type;
  packet.type = static_cast<EngineType>(type - first_type);
  return std::nullopt;
}

PayloadReader::PayloadReader(std::span<char> body, std::size_t max_payload) : rest_(body) {
  if (body.size() > max_payload) {
    error_ = EngineParseError::payload_too_large;
  } else if (!is_valid_utf8({body.data(), body.size()})) {
    error_ = EngineParseError::invalid_utf8;
  }
}

bool PayloadReader::next(EnginePacket& packet) {
  if (ended_ || error_) return false;
  const auto end = std::find(rest_.begin(), rest_.end(), separator);
  const std::span<char> text(rest_.begin(), end);
  ended_ = end == rest_.end();
  rest_ = rest_.subspan(text.size() + (ended_ ? 0 : 1));
  error_ = parse_engine_packet(text, packet);
  return !error_;
}

void append_engine_packet(std::string& out, EngineType type, std::string_view data) {
  out += static_cast<char>(first_type + static_cast<int>(type));
  out += data;
}

void append_base64_packet(std::string& out, std::string_view bytes) {
  std::string text;
  absl::Base64Escape(absl::string_view(bytes.data(), bytes.size()), &text);
  out += base64_prefix;
  out += text;
}

bool fits_payload(std::string_view packet) { return packet.find(separator) == std::string_view::npos; }

void append_to_payload(std::string& payload, std::string_view packets) {
  if (!payload.empty()) payload += separator;
  payload += packets;
}

void append_open(std::string& out, const Opening& opening) {
  append_engine_packet(out, EngineType::open, "{\"sid\":");
  append_json_string(out, opening.sid);
  out += opening.upgrade_websocket ? ",\"upgrades\":[\"websocket\"]" : ",\"upgrades\":[]";
  out += ",\"pingInterval\":";
  append_number(out, opening.ping_interval_ms);
  out += ",\"pingTimeout\":";
  append_number(out, opening.ping_timeout_ms);
  out += ",\"maxPayload\":";
  append_number(out, opening.max_payload);
  out += '}';
}

}  // namespace proto::socketio
