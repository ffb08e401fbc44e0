// SPDX-License-Identifier: Apache-2.0
#include "config/layers.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "config/words.h"
#include "config/yaml.h"

namespace config {
namespace {

constexpr std::string_view environment_prefix = "KODAMA__";

// What clients of Engine.IO and Socket.IO may do, which proto/socketio reads; paths and realms (routes.h, realms.h).
constexpr std::array<std::string_view, 4> trees = {"engineio", "socketio", "routes", "wamp"};

std::vector<std::string_view> keys_of_section(std::string_view section) {
  std::vector<std::string_view> keys;
  for (const Row& row : table()) {
    if (section_of(row.key) == section) keys.push_back(last_segment(row.key));
  }
  return keys;
}

// One file's tree, walked once.
class FileWalk {
 public:
  FileWalk(std::string_view name, Layer& layer) : name_(name), layer_(layer) {}

  void root(const YamlNode& node) {
    if (node.kind == YamlNode::Kind::nothing) return;  // an empty file changes nothing
    if (node.kind != YamlNode::Kind::map) return mistake(node, "", "must be a map of settings, such as \"dev: true\"");
    walk(node, "");
  }

 private:
  [[nodiscard]] std::string where(const YamlNode& node) const {
    return absl::StrFormat("%s:%d:%d", name_, node.line, node.column);
  }
  void mistake(const YamlNode& node, std::string_view key, std::string what) {
    layer_.push_back(Mistake{where(node), std::string(key), std::move(what)});
  }

  void walk(const YamlNode& map, std::string_view section) {
    for (std::size_t i = 0; i + 1 < map.items.size(); i += 2) entry(map.items[i], map.items[i + 1], section);
  }

  void entry(const YamlNode& key, const YamlNode& value, std::string_view section) {
    if (key.kind != YamlNode::Kind::word) return mistake(key, section, "a key must be a word");
    const std::string full = section.empty() ? key.word : absl::StrFormat("%s.%s", section, key.word);
    const auto [first, is_new] = lines_.emplace(full, key.line);
    if (!is_new) return mistake(key, full, absl::StrFormat("is given twice; the first is in line %d", first->second));
    if (section.empty() && std::find(trees.begin(), trees.end(), key.word) != trees.end()) {
      layer_.push_back(Tree{key.word, value});
      return;
    }
    if (section.empty() && is_section(key.word)) return section_entry(key, value);
    const Row* row = find_row(full);
    if (row == nullptr) return unknown(key, full, section);
    if (key.word != last_segment(full)) {
      return mistake(key, full, absl::StrFormat("write \"%s:\" below \"%s:\"", last_segment(full), section_of(full)));
    }
    if (is_list(*row)) return list_value(*row, value);
    word_value(*row, value);
  }

  void section_entry(const YamlNode& key, const YamlNode& value) {
    if (value.kind == YamlNode::Kind::nothing) return;  // all of its keys are left out
    if (value.kind == YamlNode::Kind::map) return walk(value, key.word);
    std::string keys;
    for (const std::string_view name : keys_of_section(key.word)) {
      absl::StrAppend(&keys, keys.empty() ? "" : ", ", std::string(name));
    }
    mistake(value, key.word, absl::StrFormat("is a section; write its keys below it, indented: %s", keys));
  }

  void unknown(const YamlNode& key, const std::string& full, std::string_view section) {
    std::string meant;
    if (section.empty()) {
      std::vector<std::string_view> sections(trees.begin(), trees.end());
      for (const Row& row : table()) sections.push_back(section_of(row.key).empty() ? row.key : section_of(row.key));
      meant = nearest(key.word, sections);
    }
    if (meant.empty()) meant = suggest_key(full);
    mistake(key, full.size() > 100 ? full.substr(0, 100) : full, absl::StrCat("unknown key", did_you_mean(meant)));
  }

  void word_value(const Row& row, const YamlNode& value) {
    switch (value.kind) {
      case YamlNode::Kind::word: layer_.push_back(Given{&row, {value.word}, {where(value)}, where(value)}); return;
      case YamlNode::Kind::nothing:
        return mistake(value, row.key, absl::StrFormat("has no value; write %s, or leave the key out", example(row)));
      case YamlNode::Kind::list:
        return mistake(value, row.key, absl::StrFormat("must be %s, is a list", type_name(row)));
      case YamlNode::Kind::map:
        return mistake(value, row.key, absl::StrFormat("must be %s, is a section", type_name(row)));
    }
  }

  void list_value(const Row& row, const YamlNode& value) {
    if (value.kind == YamlNode::Kind::nothing) return mistake(value, row.key, "has no value; write [] for none");
    if (value.kind == YamlNode::Kind::word) {
      return mistake(value, row.key,
                     absl::StrFormat("must be a list, is a single value; write [%s]", quote(value.word)));
    }
    if (value.kind == YamlNode::Kind::map) return mistake(value, row.key, "must be a list, is a section");
    Given given{&row, {}, {}, where(value)};
    for (const YamlNode& item : value.items) {
      if (item.kind != YamlNode::Kind::word) {
        mistake(item, row.key, "each item of the list must be one value");
        continue;
      }
      given.items.push_back(item.word);
      given.wheres.push_back(where(item));
    }
    layer_.push_back(std::move(given));
  }

  static std::string example(const Row& row) { return row.fallback.empty() ? "\"\"" : std::string(row.fallback); }

  std::string name_;
  Layer& layer_;
  std::map<std::string, int> lines_;  // where each key was first seen
};

Given given_as_text(const Row& row, std::string_view where, std::string_view text) {
  Given given{&row, split_items(row, text), {}, std::string(where)};
  given.wheres.assign(given.items.size(), given.where);
  return given;
}

}  // namespace

std::variant<Layer, Mistake> read_file_layer(std::string_view name, std::string_view text) {
  auto tree = parse_yaml(text);
  if (auto* error = std::get_if<YamlError>(&tree)) {
    return Mistake{absl::StrFormat("%s:%d:%d", name, error->line, error->column), "", std::move(error->what)};
  }
  Layer layer;
  FileWalk(name, layer).root(std::get<YamlNode>(tree));
  return layer;
}

Layer read_environment_layer(const Environment& environment) {
  Layer layer;
  for (const auto& [name, value] : environment) {
    if (!name.starts_with(environment_prefix)) continue;
    const auto matches = [&](const Row& row) { return environment_name(row) == name; };
    const auto row = std::find_if(table().begin(), table().end(), matches);
    if (row != table().end()) {
      layer.push_back(given_as_text(*row, name, value));
      continue;
    }
    const std::string key =
        absl::StrReplaceAll(absl::AsciiStrToLower(name.substr(environment_prefix.size())), {{"__", "."}});
    const Row* meant = find_row(suggest_key(key));
    layer.push_back(
        Mistake{name, "", absl::StrCat("unknown key", did_you_mean(meant == nullptr ? "" : environment_name(*meant)))});
  }
  return layer;
}

Layer read_flag_layer(const std::vector<Flag>& flags) {
  Layer layer;
  std::set<std::string> seen;
  for (const Flag& flag : flags) {
    const std::string where = absl::StrCat("--", flag.name);
    const Row* row = find_row(flag.name);
    if (row == nullptr) {
      const std::string key = suggest_key(flag.name);
      const std::string meant = key.empty() ? "" : absl::StrCat("--", key);
      layer.push_back(Mistake{where, "", absl::StrCat("unknown flag", did_you_mean(meant))});
    } else if (!seen.insert(flag.name).second) {
      layer.push_back(Mistake{where, "", "is given twice"});
    } else if (flag.value) {
      layer.push_back(given_as_text(*row, where, *flag.value));
    } else if (is_bool(*row)) {
      layer.push_back(given_as_text(*row, where, "true"));
    } else {
      layer.push_back(Mistake{where, "", absl::StrFormat("has no value; write %s=VALUE (%s)", where, type_name(*row))});
    }
  }
  return layer;
}

}  // namespace config
