// SPDX-License-Identifier: Apache-2.0
#include "proto/topic_name.h"

#include <algorithm>
#include <cstdint>

#include "proto/utf8.h"

namespace proto {
namespace {

// C0, DEL and C1 (U+0080..U+009F, in UTF-8 C2 80..C2 9F). Requires: valid UTF-8.
bool has_control_character(std::string_view text) {
  std::uint8_t previous = 0;
  for (const char character : text) {
    const auto byte = static_cast<std::uint8_t>(character);
    if (byte < 0x20 || byte == 0x7F) return true;
    if (previous == 0xC2 && byte < 0xA0) return true;
    previous = byte;
  }
  return false;
}

bool is_plain_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char character) { return character >= 0x20 && character < 0x7F; });
}

// Behind the namespace: "$room/<room>", "$sid/<socket>" or "$events".
bool is_socketio_topic(std::string_view topic) {
  const std::size_t begin = topic.starts_with('$') ? 0 : topic.find("/$") + 1;
  const std::string_view member = topic.substr(begin);
  if (member == "$events") return true;
  const std::string_view name = member.substr(member.find('/') + 1);
  const bool named = member.starts_with("$room/") || member.starts_with("$sid/");
  return named && !name.empty() && !has_reserved_segment(name);
}

}  // namespace

std::optional<std::string_view> topic_name_error(std::string_view topic, Reserve reserve) {
  if (topic.empty()) return "a topic's name must not be empty";
  if (topic.size() > topic_name_bytes_max) return "a topic's name has at most 255 bytes";
  if (!is_plain_ascii(topic)) {  // as most are
    if (!is_valid_utf8(topic)) return "a topic's name must be UTF-8";
    if (has_control_character(topic)) return "a topic's name must not have control characters";
  }
  if (has_reserved_segment(topic) && (reserve == Reserve::closed || !is_socketio_topic(topic))) {
    return "a topic's segment that begins with '$' is reserved";
  }
  return std::nullopt;
}

bool has_reserved_segment(std::string_view topic) {
  return topic.starts_with('$') || topic.find("/$") != std::string_view::npos;
}

std::string_view default_event(std::string_view topic) {
  const std::size_t slash = topic.rfind('/');
  if (slash == std::string_view::npos || slash + 1 == topic.size()) return topic;
  return topic.substr(slash + 1);
}

}  // namespace proto
