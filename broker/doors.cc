// SPDX-License-Identifier: Apache-2.0
#include "doors.h"

#include <utility>

#include "broker/shard/route_settings.h"
#include "broker/web/served_files.h"

namespace broker {
namespace {

// Of rules with mistakes only the paths are of use, for telling which of the other sections' are taken.
proto::socketio::Rules usable(shard::RuleSettings& read) {
  if (read.sound) return std::move(read.rules);
  proto::socketio::Rules paths;
  paths.path = std::move(read.rules.path);
  for (proto::socketio::EngineEndpoint& endpoint : read.rules.endpoints) {
    paths.endpoints.push_back({.path = std::move(endpoint.path)});
  }
  return paths;
}

std::vector<std::string> names_of_namespaces(const proto::socketio::Rules& rules) {
  std::vector<std::string> names;
  for (const proto::socketio::NamespaceRules& nsp : rules.namespaces) names.push_back(nsp.name);
  return names;
}

}  // namespace

Doors::Doors(config::Loaded& loaded, const web::Directory& directory)
    : Doors(loaded, directory, shard::read_rules(loaded)) {}

Doors::Doors(config::Loaded& loaded, const web::Directory& directory, shard::RuleSettings rules)
    : warnings_(std::move(rules.warnings)),
      rules_(usable(rules)),
      dialects_(web::served_files(loaded.settings, rules_.path, directory, rules_.cors()), rules_,
                shard::read_realms(loaded), loaded.settings),
      routes_(dialects_.list(), {}, shard::read_routes(loaded, dialects_.list())),
      groups_(shard::groups_of(rules_)),
      namespaces_(names_of_namespaces(rules_)) {}

}  // namespace broker
