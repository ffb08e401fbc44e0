// SPDX-License-Identifier: Apache-2.0
// How the values of settings are written and read: sizes ("64KiB"), durations ("30s"), numbers, origins.
// Thread: any. Errors: a sentence that says what is wrong and what may have been meant.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace config {

template <class T>
using Parsed = std::variant<T, std::string>;

[[nodiscard]] Parsed<bool> parse_bool(std::string_view text);
[[nodiscard]] Parsed<std::uint64_t> parse_count(std::string_view text);
// B, KiB, MiB, GiB, and KB, MB, GB of powers of ten. Only zero goes without a unit.
[[nodiscard]] Parsed<std::uint64_t> parse_bytes(std::string_view text);
// ms, s, m, h. Only zero goes without a unit.
[[nodiscard]] Parsed<std::chrono::milliseconds> parse_duration(std::string_view text);
// None where the text is "*", or an origin exactly as a browser sends it (RFC 6454 §6.2): "https://example.com".
[[nodiscard]] std::optional<std::string> origin_problem(std::string_view text);

// In the largest unit that needs no fraction: 65536 is "64KiB".
[[nodiscard]] std::string format_bytes(std::uint64_t bytes);
[[nodiscard]] std::string format_duration(std::chrono::milliseconds duration);

}  // namespace config
