// SPDX-License-Identifier: Apache-2.0
// What is inside a JSON string (RFC 8259 §7): the pieces that its reading and its writing share.
// Thread: any.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace proto {

// How many leading bytes stand for themselves in a JSON string: up to a quote, a backslash or a control character.
[[nodiscard]] std::size_t plain_json_bytes(std::string_view text);

// The number that the four hexadecimal digits of a \u escape make. Requires: four bytes. None: not all are digits.
[[nodiscard]] std::optional<unsigned> json_code_unit(const char* digits);

}  // namespace proto
