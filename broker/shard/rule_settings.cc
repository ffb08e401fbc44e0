// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/rule_settings.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "config/values.h"
#include "config/words.h"
#include "proto/socketio/read_rules.h"

namespace broker::shard {
namespace {

using proto::socketio::RuleNode;

constexpr proto::socketio::SettingsNotation notation = {
    .bytes = config::parse_bytes,
    .duration = config::parse_duration,
    .origin_problem = config::origin_problem,
    .quote = config::quote,
    .nearest = config::nearest,
    .did_you_mean = config::did_you_mean,
};

RuleNode::Kind kind_of(const config::YamlNode& node) {
  using Kind = config::YamlNode::Kind;
  switch (node.kind) {
    case Kind::nothing: return RuleNode::Kind::nothing;
    case Kind::word: return node.quoted ? RuleNode::Kind::quoted : RuleNode::Kind::word;
    case Kind::list: return RuleNode::Kind::list;
    case Kind::map: return RuleNode::Kind::map;
  }
  return RuleNode::Kind::nothing;
}

// Its depth is bounded by settings_depth_max.
RuleNode converted(const config::YamlNode& node) {
  RuleNode made{.kind = kind_of(node), .line = node.line, .column = node.column, .text = node.word, .items = {}};
  for (const config::YamlNode& item : node.items) made.items.push_back(converted(item));
  return made;
}

config::Mistakes located(const std::string& file, std::vector<proto::socketio::RuleMistake>&& found) {
  config::Mistakes mistakes;
  for (auto& mistake : found) {
    mistakes.push_back({absl::StrFormat("%s:%d:%d", file, mistake.line, mistake.column),
                        config::printable(std::move(mistake.key)), std::move(mistake.what)});
  }
  return mistakes;
}

}  // namespace

RuleSettings read_rules(config::Loaded& loaded) {
  std::vector<RuleNode> nodes;
  nodes.reserve(loaded.trees.size());  // they are pointed to
  const RuleNode* engineio = nullptr;
  const RuleNode* socketio = nullptr;
  for (const config::Tree& tree : loaded.trees) {
    if (tree.name != "engineio" && tree.name != "socketio") continue;
    nodes.push_back(converted(tree.node));
    (tree.name == "engineio" ? engineio : socketio) = &nodes.back();
  }
  proto::socketio::ReadRules read = proto::socketio::read_rules(engineio, socketio, notation);
  const bool sound = read.mistakes.empty();
  for (config::Mistake& mistake : located(loaded.file_name, std::move(read.mistakes))) {
    loaded.mistakes.push_back(std::move(mistake));
  }
  return {
      .rules = std::move(read.rules), .warnings = located(loaded.file_name, std::move(read.warnings)), .sound = sound};
}

}  // namespace broker::shard
