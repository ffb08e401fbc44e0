// SPDX-License-Identifier: Apache-2.0
// Reads scalars, lists and maps out of a RuleNode tree, and keeps what is wrong with them: all of it, each with its
// position and its key. A value that cannot be read is left as it was.
// Thread: one at a time. Borrows the tree. Errors: mistakes, in words for whoever wrote the settings.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proto/socketio/rule_node.h"

namespace proto::socketio {

struct RuleMistake {
  int line = 1;
  int column = 1;
  std::string key;   // "socketio.namespaces./.events[2].rate"; items from 0
  std::string what;  // and what may have been meant
};

// A node, and what it is called.
struct Place {
  const RuleNode* node = nullptr;
  std::string key;
};

// One of a map's.
struct Entry {
  std::string name;
  Place key;  // where the name stands
  Place value;
};

class RuleReader {
 public:
  explicit RuleReader(const SettingsNotation& notation) : notation_(notation) {}

  void mistake(const Place& place, std::string what);
  void warn(const Place& place, std::string what);  // it works, and most likely not as it was meant

  // A list's items, a map's entries (each name once). Anything else is a mistake, and nothing an empty one.
  [[nodiscard]] std::vector<Place> items(const Place& list);
  [[nodiscard]] std::vector<Entry> entries(const Place& map);

  // True: it could be read.
  bool read(const Place& place, std::string& text);  // not empty
  bool read(const Place& place, bool& value);
  bool read(const Place& place, std::uint64_t& count);
  bool read(const Place& place, std::chrono::milliseconds& duration);
  bool read_bytes(const Place& place, std::uint64_t& bytes);
  [[nodiscard]] std::optional<std::size_t> read_word(const Place& place, std::span<const std::string_view> words);

  [[nodiscard]] std::string quote(std::string_view text) const { return notation_.quote(text); }
  [[nodiscard]] std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates) const;
  [[nodiscard]] const SettingsNotation& notation() const { return notation_; }

  std::vector<RuleMistake> mistakes;
  std::vector<RuleMistake> warnings;

 private:
  [[nodiscard]] bool is_word(const Place& place, std::string_view what);
  [[nodiscard]] bool in_range(const Place& place, std::uint64_t value);

  const SettingsNotation& notation_;
};

// A map whose keys are known: any other is a mistake.
class Fields {
 public:
  Fields(RuleReader& reader, const Place& map, std::span<const std::string_view> known);

  // Null: it is not given.
  [[nodiscard]] const Place* find(std::string_view key) const;
  // Of what is given, reads a value; returns whether it is given and could be read.
  template <class T>
  bool read(std::string_view key, T& value) {
    const Place* const place = find(key);
    return place != nullptr && reader_.read(*place, value);
  }

 private:
  RuleReader& reader_;
  std::vector<Entry> entries_;
};

[[nodiscard]] inline bool is_scalar(const RuleNode& node) {
  return node.kind == RuleNode::Kind::word || node.kind == RuleNode::Kind::quoted;
}

}  // namespace proto::socketio
