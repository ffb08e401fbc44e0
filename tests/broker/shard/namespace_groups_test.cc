// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/namespace_groups.h"

#include <gtest/gtest.h>

namespace broker::shard {
namespace {

proto::socketio::EventRule rule(std::string event, std::string topic) {
  proto::socketio::EventRule made;
  made.event = std::move(event);
  made.topic = std::move(topic);
  return made;
}

struct Case {
  std::string_view topic;
  std::string_view group;
};

void expect_groups(const proto::socketio::Rules& rules, std::span<const Case> cases) {
  const topics::Groups groups = groups_of(rules);
  for (const Case& each : cases) EXPECT_EQ(groups.group_of(each.topic), each.group) << each.topic;
}

TEST(NamespaceGroups, OfNoRulesHoldTheBrokersOwnAlone) {
  const Case cases[] = {
      {"$stream", "$stream"}, {"$events", "$stream"},           {"$room/r", "$stream"},
      {"$sid/x", "$stream"},  {"chat message", "chat message"}, {"nsp/$room/r", "nsp/$room/r"},
  };
  expect_groups({}, cases);
}

TEST(NamespaceGroups, HoldWhatRulesNameAndWhatStandsBelow) {
  proto::socketio::Rules rules;
  rules.namespaces.resize(3);
  rules.namespaces[0].name = "/";
  rules.namespaces[0].events = {rule("chat message", "chat message"), rule("typing", "presence"), rule("*", "$events")};
  rules.namespaces[1].name = "/a";
  rules.namespaces[1].events = {rule("news", "a/news"), rule("*", "everything of a")};
  rules.namespaces[2].name = "/a/b";
  const Case cases[] = {
      {"chat message", "$stream"},
      {"presence", "$stream"},
      {"typing", "typing"},
      {"$events", "$stream"},
      {"other", "other"},
      {"a/news", "a/$stream"},
      {"a/no rule names it", "a/$stream"},
      {"a/$events", "a/$stream"},
      {"a/$room/r", "a/$stream"},
      {"everything of a", "a/$stream"},
      {"a", "a"},
      {"a/b", "a/$stream"},
      {"a/b/c", "a/b/$stream"},
      {"a/b/$room/r", "a/b/$stream"},
      {"a/b/$stream", "a/b/$stream"},
      {"b/c", "b/c"},
  };
  expect_groups(rules, cases);
}

}  // namespace
}  // namespace broker::shard
