// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/route_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "broker/shard/rule_settings.h"
#include "fake_dialect.h"

namespace broker::shard {
namespace {

using fakes::FakeDialect;
using proto::Route;
using testing::ElementsAre;
using Transport = Route::Transport;

config::Loaded load(const std::string& text) {
  return config::load({.file_name = "k.yaml", .file_text = text, .environment = {}, .flags = {{"dev", "true"}}});
}

class RouteSettings : public testing::Test {
 protected:
  [[nodiscard]] std::string mistakes_of(const std::string& routes) const {
    config::Loaded loaded = load("routes: " + routes + "\n");
    (void)read_routes(loaded, dialects_);
    return config::format(loaded.mistakes);
  }

  const FakeDialect topics_{"topics", {{Transport::http, "GET", "/topics/{topic}", "a topic's log"}}};
  const FakeDialect native_{"native", {{Transport::websocket, "GET", "/ws", "many topics"}}, {"kodama.v1.json"}};
  const FakeDialect wamp_{"wamp", {{Transport::websocket, "GET", "/ws", "wamp"}}, {"wamp.2.json", "wamp"}};
  const FakeDialect polling_{
      "polling",
      {{Transport::http, "*", "/socket.io/", "by polling"}, {Transport::http, "*", "/socket.io", "by polling"}}};
  const std::array<const proto::Dialect*, 4> dialects_{&topics_, &native_, &wamp_, &polling_};
};

TEST_F(RouteSettings, BecomePathsOfTheRouter) {
  config::Loaded loaded = load(
      "routes:\n"
      "  /chatService: {dialects: [wamp, wamp.2.json]}\n"
      "  /live: {topic: news/the world}\n"
      "  /ws/: {topic: a}\n");
  const std::vector<proto::http::PathRoute> routes = read_routes(loaded, dialects_);
  EXPECT_EQ(config::format(loaded.mistakes), "");
  ASSERT_EQ(routes.size(), 3U);
  EXPECT_EQ(routes[0].path, "/chatService");
  EXPECT_EQ(routes[0].topic, "");
  EXPECT_THAT(routes[0].subprotocols, ElementsAre("wamp", "wamp.2.json"));
  EXPECT_EQ(routes[1].path, "/live");
  EXPECT_EQ(routes[1].topic, "news/the world");
  EXPECT_EQ(routes[2].path, "/ws/");
}

TEST_F(RouteSettings, AreNoPathsThatAreTaken) {
  const std::string topics = "is taken already, by /topics/{topic}: a topic's log\n";
  EXPECT_EQ(mistakes_of("{/ws: {topic: a}}"), "k.yaml:1:10: routes./ws: is taken already, by /ws: many topics\n");
  EXPECT_EQ(mistakes_of("{/topics/: {topic: a}}"), "k.yaml:1:10: routes./topics/: " + topics);
  EXPECT_EQ(mistakes_of("{/topics/a/b: {topic: a}}"), "k.yaml:1:10: routes./topics/a/b: " + topics);
  EXPECT_EQ(mistakes_of("{/socket.io: {topic: a}, /socket.io/: {dialects: [wamp]}}"),
            "k.yaml:1:10: routes./socket.io: is taken already, by /socket.io: by polling\n"
            "k.yaml:1:34: routes./socket.io/: is taken already, by /socket.io/: by polling\n");
  EXPECT_EQ(mistakes_of("{/topics: {topic: a}, /WS: {topic: a}, /: {topic: a}}"), "");
}

TEST_F(RouteSettings, NameSubprotocolsThatAreSpoken) {
  EXPECT_EQ(mistakes_of("{/a: {dialects: [wamp.2.jsn, mqtt, WAMP]}}"),
            "k.yaml:1:26: routes./a.dialects[0]: \"wamp.2.jsn\" is no subprotocol that is spoken; those are "
            "kodama.v1.json, wamp.2.json, wamp; did you mean \"wamp.2.json\"?\n"
            "k.yaml:1:38: routes./a.dialects[1]: \"mqtt\" is no subprotocol that is spoken; those are "
            "kodama.v1.json, wamp.2.json, wamp\n"
            "k.yaml:1:44: routes./a.dialects[2]: \"WAMP\" is no subprotocol that is spoken; those are "
            "kodama.v1.json, wamp.2.json, wamp; did you mean \"wamp\"?\n");
}

TEST_F(RouteSettings, NameTopicsThatMayBe) {
  EXPECT_EQ(mistakes_of("{/a: {topic: ''}}"), "k.yaml:1:22: routes./a.topic: a topic's name must not be empty\n");
  EXPECT_EQ(mistakes_of("{/a: {topic: a/$room/x}}"),
            "k.yaml:1:22: routes./a.topic: a topic's segment that begins with '$' is reserved\n");
  EXPECT_EQ(mistakes_of("{/a: {topic: \"a\\tb\"}}"),
            "k.yaml:1:22: routes./a.topic: a topic's name must not have control characters\n");
  EXPECT_EQ(mistakes_of("{/a: {topic: " + std::string(256, 'a') + "}}"),
            "k.yaml:1:22: routes./a.topic: a topic's name has at most 255 bytes\n");
}

std::string realm_mistakes(const std::string& realms) {
  config::Loaded loaded = load("wamp: {realms: {" + realms + "}}\n");
  (void)read_realms(loaded);
  return config::format(loaded.mistakes);
}

TEST(RealmSettings, AreNamesWithPrefixes) {
  config::Loaded loaded = load("wamp: {realms: {a.b-c: {prefix: \"example/\"}, grüße: {}}}\n");
  const std::vector<proto::wamp2::Realm> realms = read_realms(loaded);
  EXPECT_EQ(config::format(loaded.mistakes), "");
  ASSERT_EQ(realms.size(), 2U);
  EXPECT_EQ(realms[0].name, "a.b-c");
  EXPECT_EQ(realms[0].prefix, "example/");
  EXPECT_EQ(realms[1].name, "grüße");
  EXPECT_EQ(realms[1].prefix, "");
  config::Loaded nothing = load("");
  ASSERT_EQ(read_realms(nothing).size(), 1U);
  EXPECT_EQ(config::format(nothing.mistakes), "");
}

TEST(RealmSettings, HaveNamesAsWampHasThem) {
  const struct {
    std::string name;
    std::string problem;
  } vectors[] = {
      {"''", "a realm's name must not be empty"},
      {"a b", "a realm's name has no white space, no # and no empty part between dots"},
      {"\"a#b\"", "a realm's name has no white space, no # and no empty part between dots"},
      {"a..b", "a realm's name has no white space, no # and no empty part between dots"},
      {".a", "a realm's name has no white space, no # and no empty part between dots"},
      {"a.", "a realm's name has no white space, no # and no empty part between dots"},
      {"\"a\\x7f\"", "a realm's name has no control characters"},
      {"\"a\\tb\"", "a realm's name has no control characters"},
      {"wamp.a", "names that begin with wamp. are the protocol's own"},
      {"\"a\xff\"", "a realm's name must be UTF-8"},
      {std::string(256, 'a'), "a realm's name has at most 255 bytes"},
  };
  for (const auto& vector : vectors) {
    const std::string told = realm_mistakes(vector.name + ": {}");
    EXPECT_THAT(told, testing::StartsWith("k.yaml:1:17: wamp.realms.")) << vector.name;
    EXPECT_THAT(told, testing::EndsWith(": " + vector.problem + "\n")) << vector.name;
  }
  for (const std::string name : {"wamp", "wamps.a", "a", "A.1-_:/"}) EXPECT_EQ(realm_mistakes(name + ": {}"), "");
}

TEST(RealmSettings, HavePrefixesThatTopicsCanBeginWith) {
  EXPECT_EQ(realm_mistakes("a: {prefix: $a}"),
            "k.yaml:1:29: wamp.realms.a.prefix: no topic's name can begin with \"$a\": a topic's segment that begins "
            "with '$' is reserved\n");
  EXPECT_EQ(realm_mistakes("a: {prefix: a/$}"),
            "k.yaml:1:29: wamp.realms.a.prefix: no topic's name can begin with \"a/$\": a topic's segment that begins "
            "with '$' is reserved\n");
  EXPECT_THAT(realm_mistakes("a: {prefix: " + std::string(255, 'a') + "}"),
              testing::EndsWith("…\": a topic's name has at most 255 bytes\n"));
  EXPECT_EQ(realm_mistakes("a: {prefix: " + std::string(254, 'a') + "}, b: {prefix: a b}"), "");
}

TEST(RouteAndRealmSettings, AreNoRulesOfOtherSections) {
  config::Loaded loaded = load("routes: {/a: {topic: a}}\nwamp: {realms: {a: {}}}\nsocketio: {path: /x/}\n");
  EXPECT_EQ(loaded.trees.size(), 3U);
  EXPECT_EQ(read_rules(loaded).rules.path, "/x/");
  EXPECT_EQ(config::format(loaded.mistakes), "");
}

}  // namespace
}  // namespace broker::shard
