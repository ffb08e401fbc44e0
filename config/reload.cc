// SPDX-License-Identifier: Apache-2.0
#include "config/reload.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <set>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "config/checks.h"
#include "config/file.h"
#include "config/table.h"
#include "config/words.h"
#include "config/yaml_writer.h"

namespace config {
namespace {

// What stands in that section; empty where there is none.
std::string text_of(const std::vector<Tree>& trees, std::string_view name) {
  const auto found = std::find_if(trees.begin(), trees.end(), [name](const Tree& each) { return each.name == name; });
  return found == trees.end() ? std::string() : yaml_value(found->node, 0);
}

void add_changed(const std::vector<Tree>& found, const std::vector<Tree>& in_force, std::vector<std::string>& waiting) {
  std::set<std::string> names;
  for (const std::vector<Tree>* trees : {&found, &in_force})
    for (const Tree& each : *trees) names.insert(each.name);
  for (const std::string& name : names)
    if (text_of(found, name) != text_of(in_force, name)) waiting.push_back(name);
}

}  // namespace

Loaded read(Sources sources, Mistakes earlier) {
  if (!sources.file_name.empty()) {
    auto contents = read_file(sources.file_name);
    if (auto* wrong = std::get_if<Unreadable>(&contents)) {
      earlier.push_back({"--config", "", std::move(wrong->why)});
    } else {
      sources.file_text = std::get<std::string>(std::move(contents));
    }
  }
  Loaded loaded = load(sources);
  check_files(loaded);
  loaded.mistakes.insert(loaded.mistakes.begin(), std::make_move_iterator(earlier.begin()),
                         std::make_move_iterator(earlier.end()));
  return loaded;
}

Reload compare(Loaded&& found, const Settings& in_force) {
  Reload result{.loaded = std::move(found), .changed = {}, .waiting = {}};
  if (!result.loaded.mistakes.empty()) return result;
  for (const Row& row : table()) {
    if (same_value(row, result.loaded.settings, in_force)) continue;
    if (row.takes == Takes::reload) {
      result.changed.emplace_back(row.key);
    } else {
      result.waiting.emplace_back(row.key);
      copy_value(row, in_force, result.loaded.settings);
    }
  }
  if (result.waiting.empty()) return result;
  check_between_keys(result.loaded);
  for (Mistake& mistake : result.loaded.mistakes) {
    absl::StrAppend(&mistake.what, " (until a restart these keep their values: ", absl::StrJoin(result.waiting, ", "),
                    ")");
  }
  return result;
}

Reload reload(const Sources& sources, const Settings& in_force, const std::vector<Tree>& trees) {
  std::error_code ignored;
  const auto kind = std::filesystem::status(sources.file_name, ignored).type();
  // What came through a pipe is gone: the second time it would be an empty file, and everything back at its default.
  if (!sources.file_name.empty() && kind != std::filesystem::file_type::regular &&
      kind != std::filesystem::file_type::not_found) {
    Reload result;
    result.loaded.mistakes.push_back(
        {"--config", "", absl::StrFormat("%s is no regular file, and cannot be read again", quote(sources.file_name))});
    return result;
  }
  Reload result = compare(read(sources), in_force);
  if (result.loaded.mistakes.empty()) add_changed(result.loaded.trees, trees, result.waiting);
  return result;
}

}  // namespace config
