// SPDX-License-Identifier: Apache-2.0
// Patterns of events, messages and rooms: `*` stands for any characters, `?` for one (of UTF-8), all else for itself.
// Thread: any. The work is at most the product of the lengths.
#pragma once

#include <string_view>

namespace proto::socketio {

[[nodiscard]] bool is_pattern(std::string_view text);  // has a wildcard
[[nodiscard]] bool matches(std::string_view pattern, std::string_view text);
// Whether `pattern` matches whatever `other` does. True is certain; false may be a pair that only looks at it twice.
[[nodiscard]] bool covers(std::string_view pattern, std::string_view other);

}  // namespace proto::socketio
