// SPDX-License-Identifier: Apache-2.0
// A payload of HTTP long-polling: what is read of it, written again, is read as the same; packet by packet it is the
// same as alone, and a mistake ends it. The same bytes as a query are checked without falling over, and the same each
// time.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "proto/socketio/engine_packet.h"
#include "proto/socketio/engine_request.h"
#include "proto/utf8.h"

namespace {

using proto::socketio::EnginePacket;
using proto::socketio::EngineParseError;

struct Told {
  std::vector<std::pair<int, std::string>> packets;  // the type, 7 for binary, and the data
  std::optional<EngineParseError> error;
  bool operator==(const Told&) const = default;
};

void require(bool holds) {
  if (!holds) std::abort();
}

void note(const EnginePacket& packet, Told& told) {
  told.packets.emplace_back(packet.binary ? 7 : static_cast<int>(packet.type), packet.text());
}

// In memory of exactly this size, for the address sanitizer.
Told read(std::string_view text, std::size_t max_payload) {
  std::vector<char> body(text.begin(), text.end());
  proto::socketio::PayloadReader reader(body, max_payload);
  Told told;
  EnginePacket packet;
  while (reader.next(packet)) note(packet, told);
  told.error = reader.error();
  require(!reader.next(packet));
  return told;
}

// Split here, each packet read alone.
Told read_alone(std::string_view text) {
  Told told;
  for (bool last = false; !last && !told.error;) {
    const std::size_t end = std::min(text.find(proto::socketio::separator), text.size());
    last = end == text.size();
    std::vector<char> alone(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(end));
    EnginePacket packet;
    told.error = proto::socketio::parse_engine_packet(alone, packet);
    if (!told.error) note(packet, told);
    text.remove_prefix(last ? end : end + 1);
  }
  return told;
}

std::string write(const Told& told) {
  std::string payload;
  for (const auto& [type, data] : told.packets) {
    std::string packet;
    if (type == 7) {
      proto::socketio::append_base64_packet(packet, data);
    } else {
      proto::socketio::append_engine_packet(packet, static_cast<proto::socketio::EngineType>(type), data);
    }
    require(proto::socketio::fits_payload(packet));
    proto::socketio::append_to_payload(payload, packet);
  }
  return payload;
}

void check_query(std::string_view text) {
  const auto parameters = proto::http::parse_query(text);
  if (!parameters) return;
  const auto query = proto::socketio::read_engine_query(*parameters);
  const bool known = query.transport.has_value();
  require(proto::socketio::check_transport(query, {}).has_value() != known);
  if (!known) return;
  const bool websocket = *query.transport == proto::socketio::Transport::websocket;
  const auto upgrade = websocket ? proto::socketio::Upgrade::websocket : proto::socketio::Upgrade::none;
  require(!proto::socketio::check_opening(query, "GET", upgrade));
  require(!proto::socketio::check_session(query, upgrade, *query.transport));
  require(proto::socketio::check_version(query).has_value() != query.version_4);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_query(text);

  const Told told = read(text, size);
  if (size > 0) require(read(text, size - 1).error == EngineParseError::payload_too_large);
  if (!proto::is_valid_utf8(text)) {
    require(told.packets.empty() && told.error == EngineParseError::invalid_utf8);
    return 0;
  }
  require(told == read_alone(text));
  require(told.error || !told.packets.empty());
  if (told.packets.empty()) return 0;
  const std::string again = write(told);
  const Told same = read(again, again.size());
  require(!same.error && same.packets == told.packets);
  return 0;
}
