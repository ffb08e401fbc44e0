// SPDX-License-Identifier: Apache-2.0
// Topic names: UTF-8, 1 to 255 bytes, no control characters. '/' parts segments; one that begins with '$' is the
// broker's own. Spaces and empty segments are fine.
// Thread: any. Errors: what is wrong, in words for the peer that named the topic.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace proto {

inline constexpr std::size_t topic_name_bytes_max = 255;

// What is wrong with a topic that a client names; nothing when it is good. The text is constant.
[[nodiscard]] std::optional<std::string_view> topic_name_error(std::string_view topic);

// The event name of a message whose publisher named none: the topic's last segment, or, where that is empty, the whole
// topic. A view into `topic`.
[[nodiscard]] std::string_view default_event(std::string_view topic);

}  // namespace proto
