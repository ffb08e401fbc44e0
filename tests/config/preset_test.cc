// SPDX-License-Identifier: Apache-2.0
#include "config/preset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "config/documents.h"
#include "config/yaml.h"
#include "settings_file.h"

namespace config {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

const std::vector<Flag> chat = {{"dev", "true"}, {"preset", "socketio-chat"}};

TEST(Preset, StandsForASectionOfTheFile) {
  for (const Loaded& loaded :
       {load_text("", chat), load_text("dev: true\npreset: socketio-chat\n"), load_text("preset: none\n", chat)}) {
    EXPECT_EQ(format(loaded.mistakes), "");
    ASSERT_EQ(loaded.trees.size(), 1U);
    EXPECT_EQ(loaded.trees[0].name, "socketio");
  }
  const Loaded loaded = load_text("", chat);
  EXPECT_EQ(loaded.settings.preset, Preset::socketio_chat);
  const auto& node = loaded.trees.at(0).node;
  ASSERT_EQ(node.kind, YamlNode::Kind::map);
  EXPECT_EQ(node.items.at(0).word, "namespaces");
}

TEST(Preset, StandsBesideWhatItDoesNotStandFor) {
  const Loaded loaded = load_text("engineio: {ping_interval: 5s}\n", chat);
  EXPECT_EQ(format(loaded.mistakes), "");
  ASSERT_EQ(loaded.trees.size(), 2U);
}

TEST(Preset, IsAMistakeBesideASectionOfTheSameName) {
  EXPECT_EQ(format(load_text("socketio: {path: /x}\n", chat).mistakes),
            "--preset: stands for a section socketio, and \"k.yaml\" has one of its own; leave one of them out\n");
  EXPECT_EQ(format(load_text("dev: true\nsocketio: {path: /x}\npreset: socketio-chat\n").mistakes),
            "k.yaml:3:9: preset: stands for a section socketio, and \"k.yaml\" has one of its own; leave one of them "
            "out\n");
}

TEST(Preset, IsNothingUnlessItIsNamedRightly) {
  EXPECT_THAT(load_text("dev: true\n").trees, IsEmpty());
  const Loaded loaded = load_text("socketio: {}\n", {{"dev", "true"}, {"preset", "socketio_chat"}});
  EXPECT_EQ(format(loaded.mistakes),
            "--preset: must be none or socketio-chat, is \"socketio_chat\"; did you mean \"socketio-chat\"?\n");
}

TEST(Preset, IsPartOfWhatIsInForce) {
  const std::string text = in_force_yaml(load_text("", chat));
  EXPECT_THAT(text, testing::ContainsRegex("preset: socketio-chat +# flag --preset"));
  EXPECT_EQ(load_text(text).settings.preset, Preset::socketio_chat);
}

TEST(Preset, SaysThatItIsOpen) {
  EXPECT_THAT(facts(Preset::socketio_chat).open, HasSubstr("open relay"));
  EXPECT_THAT(facts(Preset::none).open, IsEmpty());
}

TEST(Preset, EachIsYaml) {
  for (const Preset preset : {Preset::none, Preset::socketio_chat}) {
    EXPECT_TRUE(std::holds_alternative<YamlNode>(parse_yaml(facts(preset).yaml))) << facts(preset).yaml;
  }
}

}  // namespace
}  // namespace config
