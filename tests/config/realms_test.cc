// SPDX-License-Identifier: Apache-2.0
#include "config/realms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config/limits.h"
#include "settings_file.h"

namespace config {
namespace {

std::string mistakes_of(const std::string& section) {
  Loaded loaded = load_text("dev: true\nwamp: " + section + "\n");
  (void)read_realms(loaded);
  return format(loaded.mistakes);
}

TEST(Realms, HavePrefixesOrNone) {
  Loaded loaded = load_text(R"(dev: true
wamp:
  realms:
    realm1: {prefix: ""}
    com.example: {prefix: "example/"}
    bare:
)");
  const std::vector<RealmSetting> realms = read_realms(loaded);
  EXPECT_EQ(format(loaded.mistakes), "");
  ASSERT_EQ(realms.size(), 3U);
  EXPECT_EQ(realms[0].name.text, "realm1");
  EXPECT_EQ(realms[0].prefix.text, "");
  EXPECT_EQ(realms[1].name.text, "com.example");
  EXPECT_EQ(realms[1].name.where, "k.yaml:5:5");
  EXPECT_EQ(realms[1].name.key, "wamp.realms.com.example");
  EXPECT_EQ(realms[1].prefix.text, "example/");
  EXPECT_EQ(realms[1].prefix.where, "k.yaml:5:27");
  EXPECT_EQ(realms[1].prefix.key, "wamp.realms.com.example.prefix");
  EXPECT_EQ(realms[2].name.text, "bare");
  EXPECT_EQ(realms[2].prefix.text, "");
}

TEST(Realms, AreOneOfEveryTopicWhereNoneIsWritten) {
  for (const std::string text : {"dev: true\n", "dev: true\nwamp:\n", "dev: true\nwamp: {}\n"}) {
    Loaded loaded = load_text(text);
    const std::vector<RealmSetting> realms = read_realms(loaded);
    EXPECT_EQ(format(loaded.mistakes), "");
    ASSERT_EQ(realms.size(), 1U) << text;
    EXPECT_EQ(realms[0].name.text, "realm1");
    EXPECT_EQ(realms[0].prefix.text, "");
  }
}

TEST(Realms, SayWhatIsWrongAndWhere) {
  const struct {
    std::string section;
    std::string told;
  } vectors[] = {
      {"[realms]", "k.yaml:2:7: wamp: must be a map, is a list; write {realms: {NAME: {prefix: NAME/}}}\n"},
      {"{realm: {}}", "k.yaml:2:8: wamp.realm: unknown key; did you mean \"realms\"?\n"},
      {"{realms: }", "k.yaml:2:16: wamp.realms: names no realm; leave the section out for realm1\n"},
      {"{realms: {}}", "k.yaml:2:16: wamp.realms: names no realm; leave the section out for realm1\n"},
      {"{realms: [a]}", "k.yaml:2:16: wamp.realms: must be a map, is a list; write {NAME: {prefix: NAME/}}\n"},
      {"{realms: a}", "k.yaml:2:16: wamp.realms: must be a map, is a single value; write {NAME: {prefix: NAME/}}\n"},
      {"{realms: {a: b/}}", "k.yaml:2:20: wamp.realms.a: must be a map, is a single value; write {prefix: NAME/}\n"},
      {"{realms: {a: {prefx: b/}}}", "k.yaml:2:21: wamp.realms.a.prefx: unknown key; did you mean \"prefix\"?\n"},
      {"{realms: {a: {prefix: [b]}}}",
       "k.yaml:2:29: wamp.realms.a.prefix: must be the beginning of topics' names, is a list\n"},
      {"{realms: {a: {}, b: {}, a: {}}}", "k.yaml:2:31: wamp.realms.a: is given twice; the first is in line 2\n"},
  };
  for (const auto& vector : vectors) EXPECT_EQ(mistakes_of(vector.section), vector.told) << vector.section;
}

TEST(Realms, HaveABound) {
  std::string section = "{realms: {";
  for (std::size_t i = 0; i < limits::realms_max; ++i) section += "r" + std::to_string(i) + ": {}, ";
  EXPECT_EQ(mistakes_of(section + "}}"), "");
  EXPECT_THAT(mistakes_of(section + "more: {}}}"),
              testing::EndsWith("wamp.realms.more: there are 65 realms, and may be 64\n"));
}

}  // namespace
}  // namespace config
