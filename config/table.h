// SPDX-License-Identifier: Apache-2.0
// The settings as one table, a row a key. From it come the parser of files, environment and flags, `--help`, `kodama
// default-config`, config/README.md's table and config/kodama.example.yaml: a new key is a row in table.cc and a member
// in settings.h.
// Thread: any; constants only.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/settings.h"

namespace config {

template <class T>
using Member = T& (*)(Settings&);

// Where a value goes; its alternative is the key's type.
using Slot = std::variant<Member<bool>, Member<std::uint32_t>, Member<std::uint64_t>, Member<std::chrono::milliseconds>,
                          Member<std::optional<Address>>, Member<std::string>, Member<std::vector<std::string>>,
                          Member<std::vector<TopicPattern>>, Member<Overflow>, Member<LogLevel>, Member<LogFormat>,
                          Member<Preset>>;

// What it takes for a change to be seen: a restart, or a reload (SIGHUP) while the program runs.
enum class Takes : std::uint8_t { restart, reload };

struct Row {
  std::string_view key;
  Slot slot;
  std::string_view fallback;  // the default, as it would be written; lists comma-separated
  std::uint64_t least = 0;    // of numbers, bytes and milliseconds
  std::uint64_t most = 0;
  Takes takes = Takes::restart;
  bool secret = false;   // its value is never shown
  std::string_view why;  // one would change it
};

[[nodiscard]] std::span<const Row> table();
[[nodiscard]] const Row* find_row(std::string_view key);

// "listen.http" → "listen"; of a key without a section, and of the section's keys, the rest.
[[nodiscard]] std::string_view section_of(std::string_view key);
[[nodiscard]] std::string_view last_segment(std::string_view key);
[[nodiscard]] bool is_section(std::string_view word);
[[nodiscard]] std::string environment_name(const Row&);  // KODAMA__LISTEN__HTTP

// The known key that `unknown` most likely meant: within two edits, or with the same last segment. Empty: none.
[[nodiscard]] std::string suggest_key(std::string_view unknown);

// --- A row's value --------------------------------------------------------------------------------

[[nodiscard]] bool is_list(const Row&);
[[nodiscard]] bool is_bool(const Row&);
[[nodiscard]] std::string type_name(const Row&);       // "address:port", "size", "disconnect or drop_oldest" …
[[nodiscard]] std::string range_text(const Row&);      // "1KiB to 64MiB"; empty for what has no range
[[nodiscard]] std::string_view unit_text(const Row&);  // "B, KiB, MiB, GiB"; empty for what has no unit

// A value that listen.https may take: an address where TLS is at hand, otherwise off. Load decides, at the end.
inline constexpr std::string_view automatic = "auto";

// Reads one value, or the items of a list, into its member. Says what is wrong, and with which of the items.
struct Wrong {
  std::size_t item = 0;
  std::string what;
};
[[nodiscard]] std::vector<Wrong> assign(const Row&, std::span<const std::string> items, Settings&);

// The items that a comma-separated text stands for; for other rows the text alone.
[[nodiscard]] std::vector<std::string> split_items(const Row&, std::string_view text);

// The value as it would be written, which assign() takes back: one item, except for lists.
[[nodiscard]] std::vector<std::string> items_of(const Row&, const Settings&);
[[nodiscard]] bool same_value(const Row&, const Settings&, const Settings&);
void copy_value(const Row&, const Settings& from, Settings& to);

}  // namespace config
