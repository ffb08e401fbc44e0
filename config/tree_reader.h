// SPDX-License-Identifier: Apache-2.0
// Reads a section that is no part of the table (config/layers.h, Tree): its maps, lists and texts, with every mistake
// where it stands.
// Thread: any. Borrows: the settings that it reads, to whose mistakes it adds.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.h"
#include "config/yaml.h"

namespace config {

// A text of a section, and where it stands, for whoever checks what it names.
struct Word {
  std::string text;
  std::string where;  // "kodama.yaml:3:7"
  std::string key;    // "routes./live.topic"
};

class TreeReader {
 public:
  struct Place {
    const YamlNode* node;
    std::string key;
  };
  struct Entry {
    std::string name;
    Place key;
    Place value;
  };

  explicit TreeReader(Loaded& loaded) : loaded_(loaded) {}

  // Null: the file has no such section, or nothing in it.
  [[nodiscard]] const YamlNode* section(std::string_view name) const;
  void mistake(const Place&, std::string what);
  [[nodiscard]] std::size_t mistake_count() const { return loaded_.mistakes.size(); }
  [[nodiscard]] Word word(const Place&) const;

  // Of a map, each name once; where it is none, or holds something that is no key, that is a mistake. `example` is what
  // might be written instead. Nothing at all is an empty map.
  std::vector<Entry> entries(const Place& map, std::string_view example);
  // Only those of these names: every other is a mistake.
  std::vector<Entry> fields(const Place& map, std::string_view example, std::span<const std::string_view> known);
  // Of a list; a mistake where it is none.
  std::vector<Place> items(const Place& list);
  // `what` it must be: "a topic's name". None: it is no single value, which is a mistake.
  std::optional<Word> text(const Place&, std::string_view what);

 private:
  Loaded& loaded_;
};

}  // namespace config
