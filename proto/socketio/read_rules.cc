// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/read_rules.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "proto/socketio/namespace_topics.h"
#include "proto/socketio/pattern.h"
#include "proto/socketio/read_engine.h"
#include "proto/socketio/read_namespace.h"
#include "proto/topic_name.h"
#include "proto/utf8.h"

namespace proto::socketio {
namespace {

constexpr std::size_t namespace_bytes_max = 128;  // its topics hold it too, and have 255

class RulesReader {
 public:
  RulesReader(RuleReader& reader, Rules& rules) : reader_(reader), rules_(rules) {}

  void engineio(const Place& place) {
    Fields fields(reader_, place, option_keys({"endpoints"}));
    read_options(reader_, fields, rules_.options);
    if (const Place* list = fields.find("endpoints")) {
      rules_.endpoints = read_endpoints(reader_, *list, rules_.options);
    }
  }

  void socketio(const Place& place) {
    Fields fields(reader_, place, option_keys({"path", "namespaces"}));
    read_options(reader_, fields, rules_.options);
    if (const Place* path = fields.find("path")) read_path(reader_, *path, rules_.path);
    if (const Place* map = fields.find("namespaces"); map != nullptr && map->node->kind != RuleNode::Kind::nothing) {
      namespaces(*map);
    }
  }

  // `place`: where it is told.
  void check_paths(const Place& place) {
    const auto same = [&](const EngineEndpoint& endpoint) { return endpoint.path == rules_.path; };
    if (std::none_of(rules_.endpoints.begin(), rules_.endpoints.end(), same)) return;
    reader_.mistake(place, absl::StrFormat("an endpoint has the path of Socket.IO, %s; name another", rules_.path));
  }

 private:
  void namespaces(const Place& map) {
    rules_.namespaces.clear();
    const std::vector<Entry> entries = reader_.entries(map);
    for (const Entry& entry : entries) {
      if (const std::string wrong = problem(entry.name); !wrong.empty()) reader_.mistake(entry.key, wrong);
      NamespaceRules nsp;
      nsp.name = entry.name;
      if (!nsp.name.starts_with('/')) nsp.name.insert(0, 1, '/');
      read_namespace(reader_, entry.value, nsp);
      rules_.namespaces.push_back(std::move(nsp));
    }
    for (std::size_t i = 0; i < entries.size(); ++i) check_topics(entries[i], rules_.namespaces[i]);
  }

  // Empty: it is fine.
  std::string problem(std::string_view name) const {
    if (!name.starts_with('/')) {
      return absl::StrFormat("a namespace begins with a slash; did you mean %s?",
                             reader_.quote("/" + std::string(name)));
    }
    const auto is_bad = [](char c) {
      return c == ',' || c == '?' || static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    };
    if (std::any_of(name.begin(), name.end(), is_bad))
      return "a namespace has no comma, no ? and no control characters";
    if (name.size() > namespace_bytes_max)
      return absl::StrFormat("a namespace has at most %u bytes", namespace_bytes_max);
    if (name != "/" && has_reserved_segment(name)) return "a segment that begins with $ is the broker's own";
    return "";
  }

  // A topic is in one namespace's order, and so in no other's.
  void check_topics(const Entry& entry, const NamespaceRules& nsp) {
    for (const EventRule& rule : nsp.events) {
      for (const NamespaceRules& other : rules_.namespaces) {
        if (&other == &nsp || rule.topic.empty() || !owns(other, nsp, rule.topic)) continue;
        reader_.mistake(entry.key, absl::StrFormat("the topic %s of event %s belongs to the namespace %s; name another "
                                                   "with topic:",
                                                   reader_.quote(rule.topic), reader_.quote(rule.event),
                                                   reader_.quote(other.name)));
      }
    }
  }

  // Whether a rule of `nsp` takes a topic of `other`: one below its name, unless the rule's own namespace lies deeper,
  // or one that a rule of it has.
  static bool owns(const NamespaceRules& other, const NamespaceRules& nsp, std::string_view topic) {
    const std::string prefix = topic_prefix(other.name);
    const std::string own = topic_prefix(nsp.name);
    const bool below = !prefix.empty() && topic.starts_with(prefix);
    if (below && (prefix.size() > own.size() || !topic.starts_with(own))) return true;
    return std::any_of(other.events.begin(), other.events.end(),
                       [topic](const EventRule& rule) { return rule.topic == topic; });
  }

  RuleReader& reader_;
  Rules& rules_;
};

// What is written becomes part of packets, which are UTF-8.
void check_utf8(RuleReader& reader, const RuleNode& node, const std::string& key) {
  if (!is_valid_utf8(node.text)) reader.mistake({&node, key}, "is not UTF-8");
  for (const RuleNode& item : node.items) check_utf8(reader, item, key);
}

}  // namespace

ReadRules read_rules(const RuleNode* engineio, const RuleNode* socketio, const SettingsNotation& notation) {
  ReadRules result;
  RuleReader reader(notation);
  RulesReader rules(reader, result.rules);
  if (engineio != nullptr) check_utf8(reader, *engineio, "engineio");
  if (socketio != nullptr) check_utf8(reader, *socketio, "socketio");
  if (engineio != nullptr) rules.engineio({engineio, "engineio"});
  if (socketio != nullptr) rules.socketio({socketio, "socketio"});
  if (engineio != nullptr) rules.check_paths({engineio, "engineio.endpoints"});
  result.mistakes = std::move(reader.mistakes);
  result.warnings = std::move(reader.warnings);
  return result;
}

}  // namespace proto::socketio
