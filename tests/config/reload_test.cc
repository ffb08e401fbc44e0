// SPDX-License-Identifier: Apache-2.0
#include "config/reload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "config/table.h"
#include "settings_file.h"

namespace config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Reload, TakesOverWhatMayChangeAndNamesWhatMayNot) {
  const Settings old = load_text("dev: true\nshards: 2\nlog: {age: 1m}\n").settings;
  const Reload found = compare(
      load_text("dev: true\nshards: 3\nlimits: {message_bytes: 2MiB}\nlogging: {level: debug, format: json}\n"), old);
  EXPECT_EQ(format(found.loaded.mistakes), "");
  EXPECT_THAT(found.changed, ElementsAre("limits.message_bytes", "log.age", "logging.level"));
  EXPECT_THAT(found.waiting, ElementsAre("shards", "logging.format"));
  const Settings& next = found.loaded.settings;
  EXPECT_EQ(next.limits.message_bytes, 2U << 20);
  EXPECT_EQ(next.log.age, std::chrono::minutes(5)) << "what the file leaves out is at its default again";
  EXPECT_EQ(next.shards, 2U);
  EXPECT_EQ(next.logging.format, LogFormat::text);
}

TEST(Reload, OfTheSameFindsNothing) {
  const std::string text = "dev: true\nlisten: {http: \"[::1]:80\"}\naccess: {origins: [\"*\"], client_publish: [a]}\n";
  const Reload found = compare(load_text(text), load_text(text).settings);
  EXPECT_THAT(found.changed, IsEmpty());
  EXPECT_THAT(found.waiting, IsEmpty());
}

TEST(Reload, OfEveryKeyFollowsTheTable) {
  for (const Row& row : table()) {
    Loaded next = load_text("dev: true\n");
    const Settings old = next.settings;
    // Some other value of the row's type, whatever it means.
    std::visit(
        [&]<class T>(Member<T> member) {
          T& value = member(next.settings);
          if constexpr (std::is_same_v<T, bool>) value = !value;
          if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) value = value + 1;
          if constexpr (std::is_same_v<T, std::chrono::milliseconds>) value += value + T(1);
          if constexpr (std::is_same_v<T, std::optional<Address>>) value = Address{"127.0.0.1", 1};
          if constexpr (std::is_same_v<T, std::string>) value = "/other";
          if constexpr (std::is_same_v<T, std::vector<std::string>>) value = {"https://other.example"};
          if constexpr (std::is_same_v<T, std::vector<TopicPattern>>)
            value = {std::get<TopicPattern>(TopicPattern::parse("other"))};
          if constexpr (std::is_enum_v<T>) value = static_cast<T>(value == T{} ? 1 : 0);
        },
        row.slot);
    const Settings wanted = next.settings;
    const Reload found = compare(std::move(next), old);
    const bool changes = row.takes == Takes::reload;
    EXPECT_EQ(found.changed.size(), changes ? 1U : 0U) << row.key;
    EXPECT_EQ(found.waiting.size(), changes ? 0U : 1U) << row.key;
    EXPECT_TRUE(same_value(row, found.loaded.settings, changes ? wanted : old)) << row.key;
  }
}

TEST(Reload, WithMistakesLeavesEverything) {
  const Reload found = compare(load_text("dev: true\nlog: {age: 5}\nshards: 9\n"), Settings());
  ASSERT_EQ(found.loaded.mistakes.size(), 1U);
  EXPECT_THAT(found.changed, IsEmpty());
  EXPECT_THAT(found.waiting, IsEmpty());
}

TEST(Reload, ChecksWhatOldAndNewMakeTogether) {
  const Settings old = load_text("access: {key_file: /keys}\n").settings;
  const Reload found = compare(load_text("dev: true\n"), old);
  ASSERT_EQ(found.loaded.mistakes.size(), 1U);
  EXPECT_THAT(format(found.loaded.mistakes), HasSubstr("is needed where dev is false"));
  EXPECT_THAT(format(found.loaded.mistakes), HasSubstr("(until a restart these keep their values: listen.https, dev)"));
}

using ReloadFiles = SettingsFile;

TEST_F(ReloadFiles, AreReadAnewUnderTheOldEnvironmentAndFlags) {
  const Sources sources{.file_name = path_,
                        .file_text = {},
                        .environment = {{"KODAMA__LOG__MESSAGES", "7"}},
                        .flags = {{"dev", "true"}, {"log.age", "9s"}}};
  write("log: {messages: 1, age: 1s, bytes: 1MiB}\n");
  const Loaded first = read(sources);
  EXPECT_EQ(format(first.mistakes), "");
  write("log: {messages: 2, age: 2s, bytes: 2MiB}\nsocketio: {path: /chat/}\n");
  const Reload found = reload(sources, first.settings, first.trees);
  EXPECT_THAT(found.changed, ElementsAre("log.bytes"));
  EXPECT_THAT(found.waiting, ElementsAre("socketio"));
  EXPECT_THAT(reload(sources, first.settings, found.loaded.trees).waiting, IsEmpty());
  EXPECT_EQ(found.loaded.settings.log.messages, 7U);
  EXPECT_EQ(found.loaded.settings.log.age, std::chrono::seconds(9));
  std::filesystem::remove(path_);
  EXPECT_EQ(format(reload(sources, first.settings, first.trees).loaded.mistakes),
            "--config: cannot read \"" + path_ + "\": No such file or directory\n");
}

TEST_F(ReloadFiles, ThatAreNoneAreNotReadTwice) {
  const Sources sources{.file_name = "/dev/null", .file_text = {}, .environment = {}, .flags = {{"dev", "true"}}};
  const Loaded first = read(sources);
  EXPECT_EQ(format(first.mistakes), "");
  EXPECT_EQ(format(reload(sources, first.settings, first.trees).loaded.mistakes),
            "--config: \"/dev/null\" is no regular file, and cannot be read again\n");
  EXPECT_EQ(format(reload({.file_name = {}, .file_text = {}, .environment = {}, .flags = sources.flags}, first.settings,
                          first.trees)
                       .loaded.mistakes),
            "");
}

}  // namespace
}  // namespace config
