// SPDX-License-Identifier: Apache-2.0
// The rules that presets of config/ stand for are right, and mean what their names say.
#include "config/preset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_replace.h"
#include "rule_yaml.h"

namespace proto::socketio {
namespace {

using testing::IsEmpty;

TEST(Preset, ChatIsOneRuleThatSendsToEverybody) {
  const config::PresetFacts& facts = config::facts(config::Preset::socketio_chat);
  ASSERT_EQ(facts.section, "socketio");
  const std::string below = absl::StrReplaceAll(std::string(facts.yaml), {{"\n", "\n  "}});
  const ReadRules read = fakes::read_rules("socketio:\n  " + below);
  EXPECT_THAT(read.mistakes, IsEmpty());
  EXPECT_THAT(read.warnings, IsEmpty());
  EXPECT_EQ(read.rules.path, "/socket.io/");
  ASSERT_EQ(read.rules.namespaces.size(), 1U);
  const NamespaceRules& nsp = read.rules.namespaces[0];
  EXPECT_EQ(nsp.name, "/");
  ASSERT_EQ(nsp.events.size(), 1U);
  EXPECT_EQ(nsp.events[0].event, "chat message");
  EXPECT_EQ(nsp.events[0].topic, "chat message");
  ASSERT_EQ(nsp.events[0].actions.size(), 1U);
  const Action& action = nsp.events[0].actions[0];
  EXPECT_EQ(action.kind, ActionKind::broadcast);
  EXPECT_TRUE(action.sender);
  EXPECT_THAT(action.to, IsEmpty());
}

}  // namespace
}  // namespace proto::socketio
