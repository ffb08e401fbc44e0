// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/pattern.h"

#include <gtest/gtest.h>

namespace proto::socketio {
namespace {

struct Row {
  std::string_view pattern;
  std::string_view text;
  bool matches;
};

TEST(Pattern, StarIsAnythingAndQuestionMarkOneCharacter) {
  const Row rows[] = {
      {"", "", true},
      {"", "a", false},
      {"a", "a", true},
      {"a", "A", false},
      {"*", "", true},
      {"*", "a/b c", true},
      {"a*", "a", true},
      {"a*", "ba", false},
      {"*b", "aab", true},
      {"a*b*c", "abbc", true},
      {"a*b*c", "acb", false},
      {"?", "", false},
      {"?", "a", true},
      {"?", "\xC3\xA4", true},
      {"?", "ab", false},
      {"a?c", "abc", true},
      {"*?", "a", true},
      {"*?", "", false},
      {"**", "x", true},
      {"*\xA4", "\xC3\xA4", false},
      {"a*aab", "aaab", true},
      {"room-*", "room-", true},
      {"*?\xE2\x82\xAC", "aa\xE2\x82\xAC", true},
  };
  for (const Row& row : rows) EXPECT_EQ(matches(row.pattern, row.text), row.matches) << row.pattern << " " << row.text;
}

TEST(Pattern, CoversWhateverTheOtherMatches) {
  const Row rows[] = {
      {"*", "*", true},
      {"*", "a?", true},
      {"a", "a", true},
      {"a", "*", false},
      {"?", "*", false},
      {"?", "?", true},
      {"?", "a", true},
      {"a?", "ab", true},
      {"a?", "a*", false},
      {"a*", "ab*", true},
      {"ab*", "a*", false},
      {"*b", "a*b", true},
      {"chat*", "chat message", true},
      {"b", "?", false},
  };
  for (const Row& row : rows) EXPECT_EQ(covers(row.pattern, row.text), row.matches) << row.pattern << " " << row.text;
}

TEST(Pattern, ManyStarsTakeNoLonger) {
  std::string pattern;
  for (int i = 0; i < 100; ++i) pattern += "*a";
  EXPECT_FALSE(matches(pattern + "b", std::string(5000, 'a')));
}

}  // namespace
}  // namespace proto::socketio
