// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/rule_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

namespace broker::shard {
namespace {

config::Loaded load(std::string text) {
  return config::load(
      {.file_name = "k.yaml", .file_text = std::move(text), .environment = {}, .flags = {{"dev", "true"}}});
}

TEST(RuleSettings, ComeFromBothSectionsOfTheFile) {
  config::Loaded loaded = load(
      "socketio: {path: /live, namespaces: {/a: {on_connect: [{emit: {event: x, args: ['5', 5, null]}}]}}}\n"
      "engineio: {ping_interval: 300ms}\n");
  const RuleSettings read = read_rules(loaded);
  EXPECT_EQ(config::format(loaded.mistakes), "");
  EXPECT_TRUE(read.sound);
  EXPECT_EQ(read.rules.path, "/live/");
  EXPECT_EQ(read.rules.options.ping_interval, std::chrono::milliseconds(300));
  const auto& args = read.rules.namespaces.at(0).on_connect.at(0).args;
  ASSERT_EQ(args.size(), 3u);
  EXPECT_EQ(args[0].text, "\"5\"");
  EXPECT_EQ(args[1].text, "5");
  EXPECT_EQ(args[2].text, "null");
}

TEST(RuleSettings, AreTheDefaultsWhereNothingIsSaid) {
  config::Loaded loaded = load("");
  const RuleSettings read = read_rules(loaded);
  EXPECT_EQ(config::format(loaded.mistakes), "");
  EXPECT_EQ(read.rules.namespaces.size(), 1u);
}

TEST(RuleSettings, MistakesAndWarningsAreToldAsThoseOfTheTable) {
  config::Loaded loaded = load(
      "log: {age: 5}\n"
      "socketio:\n"
      "  pth: /x\n"
      "  namespaces: {/: {events: [{event: x}, {event: x}]}}\n");
  const RuleSettings read = read_rules(loaded);
  EXPECT_EQ(config::format(loaded.mistakes),
            "k.yaml:1:12: log.age: \"5\" has no unit (ms, s, m, h); did you mean \"5s\"?\n"
            "k.yaml:3:3: socketio.pth: unknown key; did you mean \"path\"?\n");
  EXPECT_FALSE(read.sound);
  EXPECT_EQ(config::format(read.warnings),
            "k.yaml:4:49: socketio.namespaces./.events[1].event: never decides: \"x\" before it matches the same\n");
}

TEST(RuleSettings, StandInTheFileAlone) {
  const config::Loaded loaded = config::load({.file_name = "",
                                              .file_text = {},
                                              .environment = {{"KODAMA__SOCKETIO__PATH", "/x"}},
                                              .flags = {{"dev", "true"}, {"socketio.path", "/x"}}});
  EXPECT_EQ(loaded.mistakes.size(), 2u) << config::format(loaded.mistakes);
  EXPECT_TRUE(loaded.trees.empty());
}

}  // namespace
}  // namespace broker::shard
