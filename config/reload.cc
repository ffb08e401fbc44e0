// SPDX-License-Identifier: Apache-2.0
#include "config/reload.h"

#include <filesystem>
#include <iterator>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "config/checks.h"
#include "config/file.h"
#include "config/table.h"
#include "config/words.h"

namespace config {

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

Reload reload(const Sources& sources, const Settings& in_force) {
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
  return compare(read(sources), in_force);
}

}  // namespace config
