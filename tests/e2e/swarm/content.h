// SPDX-License-Identifier: Apache-2.0
// What the messages hold: topic, publisher, the publisher's own number of the message in the topic, and a filler that
// follows from these. So whoever receives one can tell whether it is the message that was published, to the last byte.
// Thread: any; pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace swarm {

enum class Form : std::uint8_t { text, binary, json };

struct Identity {
  unsigned publisher = 0;
  unsigned topic = 0;
  std::uint64_t sequence = 0;
  bool operator==(const Identity&) const = default;
};

// How long the fillers are: least to least + spread - 1 bytes.
struct Sizes {
  std::size_t least = 16;
  std::size_t spread = 160;
  // Of a delivery as it stands in a queue: the filler, in base64 at worst, and everything around it.
  [[nodiscard]] std::size_t delivery_bytes_max() const { return (least + spread + 64) * 4 / 3 + 96; }
};

// How publisher N speaks: they take turns at the four ways of publishing.
enum class Way : std::uint8_t { ndjson, native, raw, post };
inline constexpr unsigned ways = 4;
[[nodiscard]] inline Way way_of(unsigned publisher) { return static_cast<Way>(publisher % ways); }
[[nodiscard]] Form form_of(unsigned publisher, std::uint64_t sequence);

[[nodiscard]] std::string topic_name(unsigned topic);  // always of the same length
[[nodiscard]] std::string content_of(const Identity& identity, const Sizes& sizes);
// The identity that a delivery's members behind the offset show, if they are exactly what it should look like.
[[nodiscard]] std::optional<Identity> identify(std::string_view members, const Sizes& sizes);

}  // namespace swarm
