// SPDX-License-Identifier: Apache-2.0
// Topic names: UTF-8, 1 to 255 bytes, no control characters. '/' parts segments; one that begins with '$' is the
// broker's own. Spaces and empty segments are fine.
// Thread: any. Errors: what is wrong, in words for the peer that named the topic.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace proto {

inline constexpr std::size_t topic_name_bytes_max = 255;

// Whether the topics of Socket.IO's rooms, sockets and patterns may be named, `$room/r`, `$sid/s` and `$events`, with
// or without a namespace before them: only a backend publishes there.
enum class Reserve : std::uint8_t { closed, open };

// What is wrong with a topic that a client or a backend names; nothing when it is good. The text is constant.
[[nodiscard]] std::optional<std::string_view> topic_name_error(std::string_view topic,
                                                               Reserve reserve = Reserve::closed);
[[nodiscard]] bool has_reserved_segment(std::string_view topic);

// The event name of a message whose publisher named none: the topic's last segment, or, where that is empty, the whole
// topic. A view into `topic`.
[[nodiscard]] std::string_view default_event(std::string_view topic);

}  // namespace proto
