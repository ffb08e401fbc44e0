// SPDX-License-Identifier: Apache-2.0
#include "config/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Table, KeysAreUniqueAndSectionsStandTogether) {
  std::set<std::string_view> keys;
  std::set<std::string_view> closed;
  std::string_view section;
  for (const Row& row : table()) {
    EXPECT_TRUE(keys.insert(row.key).second) << row.key;
    if (section_of(row.key) != section) closed.insert(section);
    section = section_of(row.key);
    EXPECT_FALSE(!section.empty() && closed.contains(section)) << row.key << " stands apart from its section";
    EXPECT_FALSE(is_section(row.key)) << row.key << " is a key and a section";
  }
}

TEST(Table, EveryRowIsWhole) {
  for (const Row& row : table()) {
    EXPECT_TRUE(row.why.ends_with('.')) << row.key;
    EXPECT_EQ(row.why.find('|'), std::string_view::npos) << row.key << " would break the README's table";
    EXPECT_LE(row.least, row.most) << row.key;
    EXPECT_FALSE(type_name(row).empty()) << row.key;
    EXPECT_EQ(find_row(row.key), &row);
  }
}

TEST(Table, EveryDefaultIsRightAndWithinItsRange) {
  for (const Row& row : table()) {
    Settings settings;
    EXPECT_THAT(assign(row, split_items(row, row.fallback), settings), IsEmpty()) << row.key;
  }
}

TEST(Table, ValuesAreWrittenAsTheyAreRead) {
  for (const Row& row : table()) {
    const Settings defaults;
    Settings read;
    EXPECT_THAT(assign(row, items_of(row, defaults), read), IsEmpty()) << row.key;
    EXPECT_TRUE(same_value(row, defaults, read)) << row.key;
  }
}

TEST(Table, OneValueIsCopiedAndNoOther) {
  Settings changed;
  changed.shards = 7;
  changed.access.origins = {"https://a.example"};
  Settings copy;
  copy_value(*find_row("access.origins"), changed, copy);
  for (const Row& row : table()) {
    EXPECT_EQ(same_value(row, copy, Settings()), row.key != "access.origins") << row.key;
    EXPECT_EQ(same_value(row, copy, changed), row.key != "shards") << row.key;
  }
}

TEST(Table, SettingsBeginWithTheDefaults) {
  const Settings settings;
  EXPECT_EQ(settings.listen.http, (Address{"127.0.0.1", 8000}));
  EXPECT_EQ(settings.listen.https, std::nullopt);
  EXPECT_EQ(settings.listen.admin, (Address{"127.0.0.1", 9000}));
  EXPECT_EQ(settings.shards, 0U);
  EXPECT_FALSE(settings.dev);
  EXPECT_THAT(settings.access.origins, IsEmpty());
  EXPECT_EQ(settings.limits.message_bytes, 1U << 20);
  EXPECT_EQ(settings.limits.queue_bytes, 4U << 20);
  EXPECT_EQ(settings.queue.overflow, Overflow::disconnect);
  EXPECT_EQ(settings.log.messages, 100U);
  EXPECT_EQ(settings.log.age, std::chrono::minutes(5));
  EXPECT_EQ(settings.log.bytes, 256U << 20);
  EXPECT_EQ(settings.logging.level, LogLevel::info);
  EXPECT_EQ(settings.logging.format, LogFormat::text);
  EXPECT_EQ(settings.drain.duration, std::chrono::seconds(30));
  EXPECT_EQ(settings.websocket.ping_interval, std::chrono::seconds(25));
  EXPECT_EQ(settings.websocket.ping_timeout, std::chrono::seconds(10));
  EXPECT_EQ(settings.timeouts.head, std::chrono::seconds(10));
  EXPECT_EQ(settings.timeouts.handshake, std::chrono::seconds(10));
  EXPECT_EQ(settings.timeouts.body, std::chrono::seconds(30));
  EXPECT_EQ(settings.timeouts.idle, std::chrono::seconds(75));
}

TEST(Table, LargestMessagesOfTheIssueAreAllowed) {
  Settings settings;
  const std::vector<std::string> value = {"16MiB"};
  EXPECT_THAT(assign(*find_row("limits.message_bytes"), value, settings), IsEmpty());
  EXPECT_EQ(settings.limits.message_bytes, 16U << 20);
}

TEST(Table, EnvironmentNamesSeparateLevelsByTwoUnderscores) {
  EXPECT_EQ(environment_name(*find_row("access.key_file")), "KODAMA__ACCESS__KEY_FILE");
  EXPECT_EQ(environment_name(*find_row("dev")), "KODAMA__DEV");
}

TEST(Table, SuggestsTheKeyThatWasMeant) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"listen.htp", "listen.http"},
      {"listen.httpd", "listen.http"},
      {"lsiten.http", "listen.http"},
      {"http", "listen.http"},
      {"server.admin", "listen.admin"},
      {"log.level", "logging.level"},
      {"shard", "shards"},
      {"websocket.ping_intervall", "websocket.ping_interval"},
      {"certificate", "tls.certificate"},
      {"listen", "listen.http"},
      {"xyzzy", ""},
      {"", ""},
      {"q", ""},
  };
  for (const auto& [unknown, meant] : cases) EXPECT_EQ(suggest_key(unknown), meant) << unknown;
}

TEST(Table, ListsAreSplitAtCommas) {
  const Row& origins = *find_row("access.origins");
  EXPECT_THAT(split_items(origins, ""), IsEmpty());
  EXPECT_THAT(split_items(origins, "https://a.example, https://b.example"),
              ElementsAre("https://a.example", "https://b.example"));
  EXPECT_THAT(split_items(*find_row("tls.key"), "a,b"), ElementsAre("a,b"));
}

TEST(Table, AListIsReplacedAsAWhole) {
  const Row& patterns = *find_row("access.client_publish");
  Settings settings;
  const std::vector<std::string> two = {"a", "b/*"};
  const std::vector<std::string> one = {"c"};
  EXPECT_THAT(assign(patterns, two, settings), IsEmpty());
  EXPECT_THAT(assign(patterns, one, settings), IsEmpty());
  ASSERT_EQ(settings.access.client_publish.size(), 1U);
  EXPECT_EQ(settings.access.client_publish[0].text(), "c");
}

TEST(Table, AMistakeInASecretDoesNotShowIt) {
  Row secret = *find_row("limits.message_bytes");
  secret.secret = true;
  Settings settings;
  const std::vector<std::string> value = {"hunter2"};
  const auto wrong = assign(secret, value, settings);
  ASSERT_EQ(wrong.size(), 1U);
  EXPECT_EQ(wrong[0].what, "is wrong; it must be: size");
}

}  // namespace
}  // namespace config
