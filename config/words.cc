// SPDX-License-Identifier: Apache-2.0
#include "config/words.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace config {
namespace {

constexpr std::size_t edits_max = 2;
constexpr std::size_t quoted_bytes_max = 100;
constexpr std::size_t compared_bytes_max = 64;  // longer words resemble no key

bool begins(std::string_view part, std::string_view whole) { return part.size() >= 3 && whole.starts_with(part); }

}  // namespace

std::string quote(std::string_view text) {
  const bool cut = text.size() > quoted_bytes_max;
  const absl::string_view shown(text.data(), std::min(text.size(), quoted_bytes_max));
  return absl::StrCat("\"", absl::Utf8SafeCHexEscape(shown), cut ? "…" : "", "\"");
}

std::string printable(std::string text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c != '\x7f'; });
  return plain ? std::move(text) : absl::Utf8SafeCHexEscape(text);
}

std::size_t edit_distance(std::string_view one, std::string_view other) {
  std::vector<std::size_t> before;                   // the row two above
  std::vector<std::size_t> above(other.size() + 1);  // distances of one[0, i) to each other[0, j)
  for (std::size_t j = 0; j <= other.size(); ++j) above[j] = j;
  for (std::size_t i = 1; i <= one.size(); ++i) {
    std::vector<std::size_t> row(other.size() + 1);
    row[0] = i;
    for (std::size_t j = 1; j <= other.size(); ++j) {
      const std::size_t replaced = above[j - 1] + (one[i - 1] == other[j - 1] ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = std::move(above);
    above = std::move(row);
  }
  return above.back();
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
  if (word.size() > compared_bytes_max) return {};
  const std::string lower = absl::AsciiStrToLower(absl::string_view(word.data(), word.size()));
  word = lower;
  std::string_view best;
  std::size_t best_distance = edits_max + 1;
  for (const std::string_view candidate : candidates) {
    const std::size_t longer = std::max(word.size(), candidate.size());
    if (longer - std::min(word.size(), candidate.size()) > edits_max) continue;
    const std::size_t distance = edit_distance(word, candidate);
    // Two edits turn any word of two letters into any other: more than half of it must stay.
    if (distance < best_distance && 2 * distance < longer) {
      best = candidate;
      best_distance = distance;
    }
  }
  if (!best.empty()) return best;
  const auto related = std::find_if(candidates.begin(), candidates.end(),
                                    [&](std::string_view c) { return begins(word, c) || begins(c, word); });
  return related == candidates.end() ? std::string_view{} : *related;
}

std::string did_you_mean(std::string_view suggestion) {
  return suggestion.empty() ? std::string() : absl::StrCat("; did you mean ", quote(suggestion), "?");
}

std::string listed(std::span<const std::string_view> words) {
  std::string list;
  for (const std::string_view word : words) list += (list.empty() ? "" : ", ") + std::string(word);
  return list;
}

}  // namespace config
