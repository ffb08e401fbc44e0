// SPDX-License-Identifier: Apache-2.0
// Rules from YAML, as the program reads them: for tests of what they mean.
#pragma once

#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "config/values.h"
#include "config/words.h"
#include "config/yaml.h"
#include "proto/socketio/read_rules.h"

namespace fakes {

inline proto::socketio::RuleNode rule_node(const config::YamlNode& node) {
  using Kind = proto::socketio::RuleNode::Kind;
  proto::socketio::RuleNode made{.line = node.line, .column = node.column, .text = node.word, .items = {}};
  switch (node.kind) {
    case config::YamlNode::Kind::nothing: made.kind = Kind::nothing; break;
    case config::YamlNode::Kind::word: made.kind = node.quoted ? Kind::quoted : Kind::word; break;
    case config::YamlNode::Kind::list: made.kind = Kind::list; break;
    case config::YamlNode::Kind::map: made.kind = Kind::map; break;
  }
  for (const config::YamlNode& item : node.items) made.items.push_back(rule_node(item));
  return made;
}

inline constexpr proto::socketio::SettingsNotation notation = {
    .bytes = config::parse_bytes,
    .duration = config::parse_duration,
    .origin_problem = config::origin_problem,
    .quote = config::quote,
    .nearest = config::nearest,
    .did_you_mean = config::did_you_mean,
};

inline proto::socketio::ReadRules read_rules(const config::YamlNode& root) {
  const proto::socketio::RuleNode tree = rule_node(root);
  const proto::socketio::RuleNode* engineio = nullptr;
  const proto::socketio::RuleNode* socketio = nullptr;
  for (std::size_t i = 0; root.kind == config::YamlNode::Kind::map && i + 1 < tree.items.size(); i += 2) {
    if (tree.items[i].text == "engineio") engineio = &tree.items[i + 1];
    if (tree.items[i].text == "socketio") socketio = &tree.items[i + 1];
  }
  return proto::socketio::read_rules(engineio, socketio, notation);
}

// Requires: YAML.
inline proto::socketio::ReadRules read_rules(std::string_view yaml) {
  const auto root = config::parse_yaml(yaml);
  if (!std::holds_alternative<config::YamlNode>(root)) std::abort();
  return read_rules(std::get<config::YamlNode>(root));
}

}  // namespace fakes
