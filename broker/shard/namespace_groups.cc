// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/namespace_groups.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "proto/socketio/namespace_topics.h"

namespace broker::shard {

namespace socketio = proto::socketio;

topics::Groups groups_of(const socketio::Rules& rules) {
  std::vector<topics::Groups::Members> groups;
  for (const socketio::NamespaceRules& nsp : rules.namespaces) {
    topics::Groups::Members group{.stream = socketio::stream_of(nsp.name), .topics = {}, .prefixes = {}};
    for (const socketio::EventRule& rule : nsp.events) group.topics.push_back(rule.topic);
    if (const std::string below = socketio::topic_prefix(nsp.name); !below.empty()) {
      group.prefixes = {below};
    } else {
      group.topics.push_back(socketio::pattern_events_topic(nsp.name));
      group.prefixes = {socketio::room_topic(nsp.name, ""), socketio::socket_topic(nsp.name, "")};
    }
    groups.push_back(std::move(group));
  }
  // A name below another one is the longer of the two.
  std::ranges::sort(groups, std::ranges::greater(), [](const auto& group) { return group.stream.size(); });
  return topics::Groups(std::move(groups));
}

}  // namespace broker::shard
