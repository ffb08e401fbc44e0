// SPDX-License-Identifier: Apache-2.0
#include "proto/sse/event_id.h"

#include "proto/notation.h"

namespace proto::sse {
namespace {

std::optional<Position> read_position(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::optional<std::uint64_t> epoch = parse_epoch(text.substr(0, colon));
  const std::optional<std::uint64_t> offset = parse_number(text.substr(colon + 1));
  if (!epoch || !offset) return std::nullopt;
  return Position{.epoch = *epoch, .offset = *offset};
}

}  // namespace

void append_event_id(std::string& out, std::span<const Position> positions) {
  for (const Position& position : positions) {
    if (&position != &positions.front()) out += ',';
    append_epoch(out, position.epoch);
    out += ':';
    append_number(out, position.offset);
  }
}

std::optional<std::vector<Position>> read_event_id(std::string_view id, std::size_t topics) {
  std::vector<Position> positions;
  while (true) {
    const std::size_t comma = id.find(',');
    const std::optional<Position> position = read_position(id.substr(0, comma));
    if (!position) return std::nullopt;
    positions.push_back(*position);
    const bool last = comma == std::string_view::npos;
    if (last != (positions.size() == topics)) return std::nullopt;
    if (last) return positions;
    id.remove_prefix(comma + 1);
  }
}

}  // namespace proto::sse
