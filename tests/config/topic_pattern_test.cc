// SPDX-License-Identifier: Apache-2.0
#include "config/topic_pattern.h"

#include <gtest/gtest.h>

#include <string>

namespace config {
namespace {

TEST(TopicPattern, MatchesTopics) {
  const struct {
    std::string_view pattern;
    std::string_view topic;
    bool matches;
  } cases[] = {
      // literal names, spaces and all
      {"chat message", "chat message", true},
      {"chat message", "chat", false},
      {"chat", "chat message", false},
      {"a/b", "a/b", true},
      {"a/b", "a/b/c", false},
      {"a/b/c", "a/b", false},
      {"a/", "a", false},
      {"ä", "ä", true},
      // * within one segment
      {"*", "anything", true},
      {"*", "a/b", false},
      {"rooms/*", "rooms/a", true},
      {"rooms/*", "rooms/", true},
      {"rooms/*", "rooms", false},
      {"rooms/*", "rooms/a/b", false},
      {"*/news", "eu/news", true},
      {"*/news", "eu/de/news", false},
      {"room-*-x", "room-12-x", true},
      {"room-*-x", "room-12-y", false},
      {"*a*b*", "xxaxxbxx", true},
      {"*a*b*", "xxbxxaxx", false},
      {"*aab", "aaaab", true},
      {"*ab*/c", "xxab/c", true},
      {"a*", "a", true},
      // ** for any rest
      {"**", "a", true},
      {"**", "a/b/c", true},
      {"rooms/**", "rooms/a", true},
      {"rooms/**", "rooms/a/b", true},
      {"rooms/**", "rooms/", true},
      {"rooms/**", "rooms", false},
      {"rooms/**", "room/a", false},
      {"rooms/eu-**", "rooms/eu-1/a", true},
      {"rooms/eu-**", "rooms/us-1/a", false},
      {"*/x/**", "a/x/b/c", true},
      {"*/x/**", "a/b/x/c", false},
      {"*a**", "ba/c", true},
  };
  for (const auto& vector : cases) {
    const auto pattern = TopicPattern::parse(vector.pattern);
    ASSERT_TRUE(std::holds_alternative<TopicPattern>(pattern)) << vector.pattern;
    EXPECT_EQ(std::get<TopicPattern>(pattern).matches(vector.topic), vector.matches)
        << vector.pattern << " on " << vector.topic;
  }
}

TEST(TopicPattern, RefusesPatternsThatMeanNothing) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "an empty pattern matches no topic; leave it out, or write ** for every topic"},
      {"**/a", "\"**/a\": ** stands at the end only, for any rest; within a segment write *"},
      {"a**b", "\"a**b\": ** stands at the end only, for any rest; within a segment write *"},
      {"a***", "\"a***\": ** stands at the end only, for any rest; within a segment write *"},
      {"a\nb", "\"a\\nb\" has a control character, which no topic has"},
  };
  for (const auto& [text, what] : cases) {
    const auto pattern = TopicPattern::parse(text);
    ASSERT_TRUE(std::holds_alternative<std::string>(pattern)) << text;
    EXPECT_EQ(std::get<std::string>(pattern), what);
  }
  EXPECT_TRUE(std::holds_alternative<std::string>(TopicPattern::parse(std::string(256, 'a'))));
  EXPECT_TRUE(std::holds_alternative<TopicPattern>(TopicPattern::parse(std::string(255, 'a'))));
}

TEST(TopicPattern, ManyStarsStayQuick) {
  std::string pattern;
  for (int i = 0; i < 100; ++i) pattern += "*a";
  const auto parsed = TopicPattern::parse(pattern + "b");
  EXPECT_FALSE(std::get<TopicPattern>(parsed).matches(std::string(255, 'a')));
}

}  // namespace
}  // namespace config
