// SPDX-License-Identifier: Apache-2.0
// Words of a mistake: what was written, quoted, and what may have been meant instead.
// Thread: any.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace config {

// In double quotes, control characters escaped, shortened when long: fit for a terminal and a log.
[[nodiscard]] std::string quote(std::string_view text);

// The text itself where all of it can be shown in a line, otherwise escaped: for other people's words.
[[nodiscard]] std::string printable(std::string text);

// How many letters must be put in, left out, replaced, or swapped with their neighbour to make one of the other.
[[nodiscard]] std::size_t edit_distance(std::string_view one, std::string_view other);

// The nearest candidate within two edits, or one that `word` begins or that begins `word`; case does not count.
// Empty: none is near. Requires: candidates in lower case.
[[nodiscard]] std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

// "; did you mean "x"?", or nothing where `suggestion` is empty.
[[nodiscard]] std::string did_you_mean(std::string_view suggestion);

// "one, two, three"
[[nodiscard]] std::string listed(std::span<const std::string_view> words);

}  // namespace config
