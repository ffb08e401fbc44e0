// SPDX-License-Identifier: Apache-2.0
#include "config/routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "config/documents.h"
#include "config/limits.h"
#include "settings_file.h"

namespace config {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// The mistakes of a section `routes`, in flow style from the file's second line on.
std::string mistakes_of(const std::string& section) {
  Loaded loaded = load_text("dev: true\nroutes: " + section + "\n");
  (void)read_routes(loaded);
  return format(loaded.mistakes);
}

TEST(Routes, LeadToATopicOrToSubprotocols) {
  Loaded loaded = load_text(R"(dev: true
routes:
  /chatService: {dialects: [wamp, wamp.2.json]}
  /live: {topic: news}
  "/a-z/0.9_~!$&'()*+,;=:@/": {topic: "5"}
)");
  const std::vector<RouteSetting> routes = read_routes(loaded);
  EXPECT_EQ(format(loaded.mistakes), "");
  ASSERT_EQ(routes.size(), 3U);
  EXPECT_EQ(routes[0].path.text, "/chatService");
  EXPECT_EQ(routes[0].path.where, "k.yaml:3:3");
  EXPECT_EQ(routes[0].path.key, "routes./chatService");
  EXPECT_FALSE(routes[0].topic);
  ASSERT_EQ(routes[0].dialects.size(), 2U);
  EXPECT_EQ(routes[0].dialects[1].text, "wamp.2.json");
  EXPECT_EQ(routes[0].dialects[1].where, "k.yaml:3:35");
  EXPECT_EQ(routes[0].dialects[1].key, "routes./chatService.dialects[1]");
  ASSERT_TRUE(routes[1].topic);
  EXPECT_EQ(routes[1].topic->text, "news");
  EXPECT_EQ(routes[1].topic->where, "k.yaml:4:18");
  EXPECT_EQ(routes[1].topic->key, "routes./live.topic");
  EXPECT_THAT(routes[1].dialects, IsEmpty());
  EXPECT_EQ(routes[2].topic->text, "5");
}

TEST(Routes, AreNoneWhereNothingIsWritten) {
  for (const std::string text : {"dev: true\n", "dev: true\nroutes:\n", "dev: true\nroutes: {}\n"}) {
    Loaded loaded = load_text(text);
    EXPECT_THAT(read_routes(loaded), IsEmpty());
    EXPECT_EQ(format(loaded.mistakes), "");
  }
}

TEST(Routes, SayWhatIsWrongAndWhere) {
  constexpr std::string_view fit = ": letters, digits and -._~!$&'()*+,;=:@/\n";
  const struct {
    std::string section;
    std::string told;
  } vectors[] = {
      {"/live", "k.yaml:2:9: routes: must be a map, is a single value; write {/path: {topic: NAME}}\n"},
      {"[/live]", "k.yaml:2:9: routes: must be a map, is a list; write {/path: {topic: NAME}}\n"},
      {"{/live: news}",
       "k.yaml:2:17: routes./live: must be a map, is a single value; write {topic: NAME} or {dialects: [NAME]}\n"},
      {"{/live: [news]}",
       "k.yaml:2:17: routes./live: must be a map, is a list; write {topic: NAME} or {dialects: [NAME]}\n"},
      {"{/live: {}}", "k.yaml:2:10: routes./live: leads nowhere; write {topic: NAME} or {dialects: [NAME]}\n"},
      {"{/live: }", "k.yaml:2:10: routes./live: leads nowhere; write {topic: NAME} or {dialects: [NAME]}\n"},
      {"{/live: {topic: a, dialects: [b]}}",
       "k.yaml:2:28: routes./live.dialects: topic and dialects do not go together; leave one of them out\n"},
      {"{/live: {topc: a}}", "k.yaml:2:18: routes./live.topc: unknown key; did you mean \"topic\"?\n"},
      {"{/live: {topic: a, dialect: b}}",
       "k.yaml:2:28: routes./live.dialect: unknown key; did you mean \"dialects\"?\n"},
      {"{/live: {to: a}}", "k.yaml:2:18: routes./live.to: unknown key; known are topic, dialects\n"},
      {"{/live: {topic: }}", "k.yaml:2:25: routes./live.topic: must be a topic's name, is nothing\n"},
      {"{/live: {topic: [a]}}", "k.yaml:2:25: routes./live.topic: must be a topic's name, is a list\n"},
      {"{/live: {topic: a, topic: b}}", "k.yaml:2:28: routes./live.topic: is given twice; the first is in line 2\n"},
      {"{/a: {topic: a}, /b: {topic: b}, /a: {topic: c}}",
       "k.yaml:2:42: routes./a: is given twice; the first is in line 2\n"},
      {"{/a: {dialects: wamp}}",
       "k.yaml:2:25: routes./a.dialects: must be a list, is a single value; write [\"wamp\"]\n"},
      {"{/a: {dialects: {wamp: x}}}", "k.yaml:2:25: routes./a.dialects: must be a list, is a map\n"},
      {"{/a: {dialects: []}}",
       "k.yaml:2:25: routes./a.dialects: is empty: name the subprotocols that are spoken there\n"},
      {"{/a: {dialects: [wamp, [x], wamp]}}",
       "k.yaml:2:32: routes./a.dialects[1]: must be a subprotocol's name, is a list\n"
       "k.yaml:2:37: routes./a.dialects[2]: \"wamp\" is given twice\n"},
      {"{live: {topic: a}}", "k.yaml:2:10: routes.live: a path begins with a slash; did you mean \"/live\"?\n"},
      {"{\"\": {topic: a}}", "k.yaml:2:10: routes.: a path begins with a slash; did you mean \"/\"?\n"},
      {"{\"*\": {topic: a}}", "k.yaml:2:10: routes.*: a path begins with a slash; did you mean \"/*\"?\n"},
      {"{\"/a?b\": {topic: a}}",
       "k.yaml:2:10: routes./a?b: a path is written as requests have it, without \"?\"" + std::string(fit)},
      {"{\"/a#b\": {topic: a}}",
       "k.yaml:2:10: routes./a#b: a path is written as requests have it, without \"#\"" + std::string(fit)},
      {"{/a b: {topic: a}}",
       "k.yaml:2:10: routes./a b: a path is written as requests have it, without \" \"" + std::string(fit)},
      {"{\"/a\\tb\": {topic: a}}",
       "k.yaml:2:10: routes./a\\tb: a path is written as requests have it, without \"\\t\"" + std::string(fit)},
      {"{/a%20b: {topic: a}}",
       "k.yaml:2:10: routes./a%20b: a path is written as requests have it, without \"%\"" + std::string(fit)},
      {"{\"/{topic}\": {topic: a}}",
       "k.yaml:2:10: routes./{topic}: a path is written as requests have it, without \"{\"" + std::string(fit)},
      {"{/ä: {topic: a}}",
       "k.yaml:2:10: routes./ä: a path is written as requests have it, without what is beyond ASCII" +
           std::string(fit)},
      {"{/a/../b: {topic: a}}",
       "k.yaml:2:10: routes./a/../b: a path has no segment . or .., which clients resolve before they ask\n"},
      {"{/.: {topic: a}}",
       "k.yaml:2:10: routes./.: a path has no segment . or .., which clients resolve before they ask\n"},
      {"{/.well-known/..a/b.: {topic: a}}", ""},
      {"{[a]: {topic: a}}", "k.yaml:2:10: routes: a key must be a word\n"},
  };
  for (const auto& vector : vectors) EXPECT_EQ(mistakes_of(vector.section), vector.told) << vector.section;
}

TEST(Routes, HaveABound) {
  const auto path = [](std::size_t bytes) { return "{/" + std::string(bytes - 1, 'a') + ": {topic: a}}"; };
  EXPECT_EQ(mistakes_of(path(limits::route_path_bytes_max)), "");
  EXPECT_EQ(mistakes_of(path(limits::route_path_bytes_max + 1)),
            "k.yaml:2:10: routes./" + std::string(59, 'a') + "…: a path has at most 255 bytes, this one has 256\n");

  std::string section = "\n";
  for (std::size_t i = 0; i < limits::routes_max; ++i) section += "  /" + std::to_string(i) + ": {topic: a}\n";
  EXPECT_EQ(mistakes_of(section), "");
  EXPECT_EQ(mistakes_of(section + "  /more: {topic: a}"),
            "k.yaml:259:3: routes./more: there are 257 routes, and may be 256\n");
}

TEST(Routes, ArePrintedAndReadBack) {
  const std::string text =
      "routes: {/live: {topic: a b}, \"/x:\": {dialects: [wamp, \"5\"]}}\nwamp: {realms: {a.b: {prefix: a/}}}\n";
  const Loaded first = load_text("dev: true\n" + text);
  Loaded again = load_text(in_force_yaml(first));
  EXPECT_THAT(again.trees, SizeIs(2));
  const std::vector<RouteSetting> routes = read_routes(again);
  EXPECT_EQ(format(again.mistakes), "");
  ASSERT_THAT(routes, SizeIs(2));
  EXPECT_EQ(routes[0].topic->text, "a b");
  EXPECT_EQ(routes[1].path.text, "/x:");
  EXPECT_EQ(routes[1].dialects.at(1).text, "5");
}

TEST(Routes, StandInTheFileAlone) {
  const Loaded loaded = load({.file_name = "",
                              .file_text = {},
                              .environment = {{"KODAMA__ROUTES", "/x"}},
                              .flags = {{"dev", "true"}, {"routes", "/x"}, {"wamp.realms", "x"}}});
  EXPECT_THAT(loaded.mistakes, SizeIs(3)) << format(loaded.mistakes);
  EXPECT_THAT(format(load_text("dev: true\nroute: {}\n").mistakes), HasSubstr("did you mean \"routes\"?"));
}

}  // namespace
}  // namespace config
