// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/rule_reader.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "proto/notation.h"

namespace proto::socketio {
namespace {

using Kind = RuleNode::Kind;

// What is counted, in bytes or not, ends here: room for sums of a few of them.
constexpr std::uint64_t count_max = std::uint64_t{1} << 40;
constexpr std::size_t key_shown_bytes_max = 60;

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::nothing: return "nothing";
    case Kind::word:
    case Kind::quoted: return "a single value";
    case Kind::list: return "a list";
    case Kind::map: return "a map";
  }
  return "";
}

RuleMistake told(const Place& place, std::string what) {
  return {.line = place.node->line, .column = place.node->column, .key = place.key, .what = std::move(what)};
}

}  // namespace

void RuleReader::mistake(const Place& place, std::string what) { mistakes.push_back(told(place, std::move(what))); }
void RuleReader::warn(const Place& place, std::string what) { warnings.push_back(told(place, std::move(what))); }

std::vector<Place> RuleReader::items(const Place& list) {
  std::vector<Place> items;
  const RuleNode& node = *list.node;
  if (is_scalar(node)) {
    mistake(list, absl::StrFormat("must be a list, is a single value; write [%s]", quote(node.text)));
  } else if (node.kind != Kind::list && node.kind != Kind::nothing) {
    mistake(list, "must be a list, is a map; begin each item with a hyphen");
  }
  if (node.kind != Kind::list) return items;
  for (const RuleNode& item : node.items) items.push_back({&item, absl::StrFormat("%s[%u]", list.key, items.size())});
  return items;
}

std::vector<Entry> RuleReader::entries(const Place& map) {
  std::vector<Entry> entries;
  const RuleNode& node = *map.node;
  if (node.kind != Kind::map) {
    if (node.kind != Kind::nothing) mistake(map, absl::StrFormat("must be a map, is %s", kind_name(node.kind)));
    return entries;
  }
  std::map<std::string_view, int> lines;  // where each name was first seen
  for (std::size_t i = 0; i + 1 < node.items.size(); i += 2) {
    const RuleNode& name = node.items[i];
    if (!is_scalar(name)) {
      mistake({&name, map.key}, "a key must be a word");
      continue;
    }
    const std::string key = map.key + "." + std::string(brief(name.text));
    const auto [first, is_new] = lines.emplace(name.text, name.line);
    if (is_new) {
      entries.push_back({name.text, {&name, key}, {&node.items[i + 1], key}});
    } else {
      mistake({&name, key}, absl::StrFormat("is given twice; the first is in line %d", first->second));
    }
  }
  return entries;
}

bool RuleReader::is_word(const Place& place, std::string_view what) {
  if (is_scalar(*place.node)) return true;
  mistake(place, absl::StrFormat("must be %s, is %s", what, kind_name(place.node->kind)));
  return false;
}

bool RuleReader::in_range(const Place& place, std::uint64_t value) {
  if (value <= count_max) return true;
  mistake(place, absl::StrFormat("%s is too large", quote(place.node->text)));
  return false;
}

bool RuleReader::read(const Place& place, std::string& text) {
  if (!is_word(place, "text")) return false;
  if (place.node->text.empty()) {
    mistake(place, "must not be empty");
    return false;
  }
  text = place.node->text;
  return true;
}

bool RuleReader::read(const Place& place, bool& value) {
  if (!is_word(place, "true or false")) return false;
  const std::string_view text = place.node->text;
  if (text != "true" && text != "false") {
    mistake(place, absl::StrFormat("must be true or false, is %s", quote(text)));
    return false;
  }
  value = text == "true";
  return true;
}

bool RuleReader::read(const Place& place, std::uint64_t& count) {
  if (!is_word(place, "a whole number")) return false;
  const auto number = parse_number(place.node->text);
  if (!number) {
    mistake(place, absl::StrFormat("must be a whole number, is %s", quote(place.node->text)));
    return false;
  }
  if (!in_range(place, *number)) return false;
  count = *number;
  return true;
}

bool RuleReader::read(const Place& place, std::chrono::milliseconds& duration) {
  if (!is_word(place, "a duration")) return false;
  auto parsed = notation_.duration(place.node->text);
  if (auto* wrong = std::get_if<std::string>(&parsed)) {
    mistake(place, std::move(*wrong));
    return false;
  }
  const auto value = std::get<std::chrono::milliseconds>(parsed);
  if (!in_range(place, static_cast<std::uint64_t>(value.count()))) return false;
  if (value.count() == 0) {
    mistake(place, "must be longer than 0");
    return false;
  }
  duration = value;
  return true;
}

bool RuleReader::read_bytes(const Place& place, std::uint64_t& bytes) {
  if (!is_word(place, "a size")) return false;
  auto parsed = notation_.bytes(place.node->text);
  if (auto* wrong = std::get_if<std::string>(&parsed)) {
    mistake(place, std::move(*wrong));
    return false;
  }
  const std::uint64_t value = std::get<std::uint64_t>(parsed);
  if (!in_range(place, value)) return false;
  bytes = value;
  return true;
}

std::optional<std::size_t> RuleReader::read_word(const Place& place, std::span<const std::string_view> words) {
  std::string list;
  for (const std::string_view word : words) list += (list.empty() ? "" : ", ") + std::string(word);
  if (!is_word(place, "one of " + list)) return std::nullopt;
  const std::string_view text = place.node->text;
  const auto found = std::find(words.begin(), words.end(), text);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  mistake(place, absl::StrFormat("must be one of %s, is %s%s", list, quote(text), did_you_mean(text, words)));
  return std::nullopt;
}

std::string RuleReader::did_you_mean(std::string_view word, std::span<const std::string_view> candidates) const {
  return notation_.did_you_mean(notation_.nearest(word, candidates));
}

Fields::Fields(RuleReader& reader, const Place& map, std::span<const std::string_view> known) : reader_(reader) {
  for (Entry& entry : reader.entries(map)) {
    if (std::find(known.begin(), known.end(), entry.name) != known.end()) {
      entries_.push_back(std::move(entry));
      continue;
    }
    std::string meant = reader.did_you_mean(entry.name, known);
    if (meant.empty()) {
      for (const std::string_view key : known) meant += (meant.empty() ? "; known are " : ", ") + std::string(key);
    }
    reader.mistake(entry.key, "unknown key" + meant);
  }
}

const Place* Fields::find(std::string_view key) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [key](const Entry& e) { return e.name == key; });
  return found == entries_.end() ? nullptr : &found->value;
}

}  // namespace proto::socketio
