// SPDX-License-Identifier: Apache-2.0
#include "config/load.h"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "config/checks.h"
#include "config/preset.h"
#include "config/table.h"
#include "config/words.h"
#include "config/yaml.h"

namespace config {
namespace {

std::size_t index_of(const Row& row) { return static_cast<std::size_t>(&row - table().data()); }

void apply(Given&& given, Chosen::From from, Loaded& loaded) {
  Chosen& chosen = loaded.chosen[index_of(*given.row)];
  chosen = {from, given.where, given.row->secret ? "(secret)" : absl::StrJoin(given.items, ","), true};
  for (Wrong& wrong : assign(*given.row, given.items, loaded.settings)) {
    chosen.sound = false;
    // A file's position does not name the key; a variable and a flag do.
    const std::string_view key = from == Chosen::From::file ? given.row->key : std::string_view{};
    loaded.mistakes.push_back({given.wheres[wrong.item], std::string(key), std::move(wrong.what)});
  }
}

void apply(Layer&& layer, Chosen::From from, Loaded& loaded) {
  for (auto& entry : layer) {
    if (auto* mistake = std::get_if<Mistake>(&entry)) {
      // Its default is not what was meant: nothing is to be concluded from it.
      if (const Row* row = find_row(mistake->key)) loaded.chosen[index_of(*row)].sound = false;
      loaded.mistakes.push_back(std::move(*mistake));
    } else if (auto* tree = std::get_if<Tree>(&entry)) {
      loaded.trees.push_back(std::move(*tree));
    } else {
      apply(std::move(std::get<Given>(entry)), from, loaded);
    }
  }
}

// False: the file's keys are not known.
bool apply_file(const Sources& sources, Loaded& loaded) {
  if (sources.file_name.empty()) return true;
  if (!sources.file_text) return false;
  auto layer = read_file_layer(sources.file_name, *sources.file_text);
  if (auto* mistake = std::get_if<Mistake>(&layer)) {
    loaded.mistakes.push_back(std::move(*mistake));
    return false;
  }
  apply(std::get<Layer>(std::move(layer)), Chosen::From::file, loaded);
  return true;
}

// What `auto` stands for depends on other keys, whatever the order in which they were given.
void resolve_automatic(Loaded& loaded) {
  Settings& settings = loaded.settings;
  if (loaded.of("listen.https").text != automatic) return;
  if (settings.dev || !settings.tls.certificate.empty()) settings.listen.https = Address{"127.0.0.1", 8443};
}

// The rules that the preset stands for take the place of the file's, so that there must be none.
void apply_preset(Loaded& loaded) {
  const PresetFacts& preset = facts(loaded.settings.preset);
  if (preset.section.empty() || !loaded.of("preset").sound) return;
  const auto same = [&](const Tree& tree) { return tree.name == preset.section; };
  if (std::any_of(loaded.trees.begin(), loaded.trees.end(), same)) {
    return refuse(loaded, {"preset"},
                  absl::StrFormat("stands for a section %s, and %s has one of its own; leave one of them out",
                                  preset.section, quote(loaded.file_name)));
  }
  auto tree = parse_yaml(preset.yaml);
  // A test reads each; none is wrong.
  if (auto* node = std::get_if<YamlNode>(&tree))
    loaded.trees.push_back({std::string(preset.section), std::move(*node)});
}

}  // namespace

const Chosen& Loaded::of(std::string_view key) const { return chosen[index_of(*find_row(key))]; }

Loaded load(const Sources& sources) {
  Loaded loaded;
  loaded.file_name = sources.file_name;
  for (const Row& row : table()) loaded.chosen.push_back({Chosen::From::table, "", std::string(row.fallback), true});

  const bool file_is_known = apply_file(sources, loaded);
  apply(read_environment_layer(sources.environment), Chosen::From::environment, loaded);
  apply(read_flag_layer(sources.flags), Chosen::From::flag, loaded);

  resolve_automatic(loaded);
  apply_preset(loaded);
  if (file_is_known) check_between_keys(loaded);
  return loaded;
}

}  // namespace config
