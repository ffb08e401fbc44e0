// SPDX-License-Identifier: Apache-2.0
#include "broker/topics/groups.h"

#include <gtest/gtest.h>

namespace broker::topics {
namespace {

TEST(Groups, OfNothingLeaveEveryTopicItsOwn) {
  const Groups groups;
  EXPECT_EQ(groups.stream_of("t"), nullptr);
  EXPECT_EQ(groups.group_of("t"), "t");
  EXPECT_FALSE(groups.is_stream("t"));
}

TEST(Groups, FindTheStreamThatIsOverATopic) {
  Groups made({{.stream = "a/b/$", .topics = {}, .prefixes = {"a/b/"}},
               {.stream = "a/$", .topics = {"elsewhere", "a/b/c/d", "\xC3\xBC"}, .prefixes = {"a/", "$x/"}},
               {.stream = "$", .topics = {"chat message"}, .prefixes = {"$room/"}}});
  const Groups groups = std::move(made);
  const struct {
    std::string_view topic;
    std::string_view group;
  } cases[] = {
      {"chat message", "$"},
      {"chat messages", "chat messages"},
      {"chat", "chat"},
      {"$room/r", "$"},
      {"$room/", "$"},
      {"$room", "$room"},
      {"$x/y", "a/$"},
      {"a", "a"},
      {"a/", "a/$"},
      {"a/c", "a/$"},
      {"elsewhere", "a/$"},
      {"a/b", "a/$"},
      {"a/b/", "a/b/$"},
      {"a/b/c", "a/b/$"},
      {"a/b/c/d", "a/$"},  // named
      {"b/a/c", "b/a/c"},
      {"\xC3\xBC", "a/$"},
      {"\xC3\xA9v\xC3\xA9nement", "\xC3\xA9v\xC3\xA9nement"},
      {"", ""},
      {"$", "$"},
      {"a/$", "a/$"},
      {"a/b/$", "a/b/$"},
  };
  for (const auto& each : cases) EXPECT_EQ(groups.group_of(each.topic), each.group) << each.topic;
  EXPECT_TRUE(groups.is_stream("a/$"));
  EXPECT_FALSE(groups.is_stream("a/c"));
}

TEST(Groups, GiveATopicToTheFirstThatClaimsIt) {
  const Groups groups(
      {{.stream = "1", .topics = {"t"}, .prefixes = {"p"}}, {.stream = "2", .topics = {"t"}, .prefixes = {"p", "q"}}});
  EXPECT_EQ(groups.group_of("t"), "1");
  EXPECT_EQ(groups.group_of("p1"), "1");
  EXPECT_EQ(groups.group_of("q1"), "2");
}

}  // namespace
}  // namespace broker::topics
