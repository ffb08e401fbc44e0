// SPDX-License-Identifier: Apache-2.0
#include "config/tree_reader.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "config/words.h"

namespace config {
namespace {

using Kind = YamlNode::Kind;

constexpr std::size_t name_shown_bytes_max = 60;

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::nothing: return "nothing";
    case Kind::word: return "a single value";
    case Kind::list: return "a list";
    case Kind::map: return "a map";
  }
  return "";
}

// As a part of a key, which is told in one line.
std::string shown(std::string_view name) {
  const bool cut = name.size() > name_shown_bytes_max;
  return printable(std::string(name.substr(0, name_shown_bytes_max))) + (cut ? "…" : "");
}

}  // namespace

const YamlNode* TreeReader::section(std::string_view name) const {
  const auto found =
      std::find_if(loaded_.trees.begin(), loaded_.trees.end(), [name](const Tree& tree) { return tree.name == name; });
  return found == loaded_.trees.end() || found->node.kind == Kind::nothing ? nullptr : &found->node;
}

Word TreeReader::word(const Place& place) const {
  return {place.node->word, absl::StrFormat("%s:%d:%d", loaded_.file_name, place.node->line, place.node->column),
          place.key};
}

void TreeReader::mistake(const Place& place, std::string what) {
  Word at = word(place);
  loaded_.mistakes.push_back({std::move(at.where), std::move(at.key), std::move(what)});
}

std::vector<TreeReader::Entry> TreeReader::entries(const Place& map, std::string_view example) {
  std::vector<Entry> entries;
  const YamlNode& node = *map.node;
  if (node.kind != Kind::map) {
    if (node.kind != Kind::nothing) {
      mistake(map, absl::StrFormat("must be a map, is %s; write %s", kind_name(node.kind), example));
    }
    return entries;
  }
  std::map<std::string_view, int> lines;  // where each name was first seen
  for (std::size_t i = 0; i + 1 < node.items.size(); i += 2) {
    const YamlNode& name = node.items[i];
    if (name.kind != Kind::word) {
      mistake({&name, map.key}, "a key must be a word");
      continue;
    }
    const std::string key = absl::StrCat(map.key, ".", shown(name.word));
    const auto [first, is_new] = lines.emplace(name.word, name.line);
    if (is_new) {
      entries.push_back({name.word, {&name, key}, {&node.items[i + 1], key}});
    } else {
      mistake({&name, key}, absl::StrFormat("is given twice; the first is in line %d", first->second));
    }
  }
  return entries;
}

std::vector<TreeReader::Entry> TreeReader::fields(const Place& map, std::string_view example,
                                                  std::span<const std::string_view> known) {
  std::vector<Entry> fields;
  for (Entry& entry : entries(map, example)) {
    if (std::find(known.begin(), known.end(), entry.name) != known.end()) {
      fields.push_back(std::move(entry));
      continue;
    }
    std::string meant = did_you_mean(nearest(entry.name, known));
    if (meant.empty()) meant = "; known are " + listed(known);
    mistake(entry.key, absl::StrCat("unknown key", meant));
  }
  return fields;
}

std::vector<TreeReader::Place> TreeReader::items(const Place& list) {
  std::vector<Place> items;
  const YamlNode& node = *list.node;
  if (node.kind == Kind::word) {
    mistake(list, absl::StrFormat("must be a list, is a single value; write [%s]", quote(node.word)));
  } else if (node.kind != Kind::list) {
    mistake(list, absl::StrFormat("must be a list, is %s", kind_name(node.kind)));
  }
  if (node.kind != Kind::list) return items;
  for (const YamlNode& item : node.items) items.push_back({&item, absl::StrFormat("%s[%u]", list.key, items.size())});
  return items;
}

std::optional<Word> TreeReader::text(const Place& place, std::string_view what) {
  if (place.node->kind == Kind::word) return word(place);
  mistake(place, absl::StrFormat("must be %s, is %s", what, kind_name(place.node->kind)));
  return std::nullopt;
}

}  // namespace config
