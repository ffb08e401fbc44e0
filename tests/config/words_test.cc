// SPDX-License-Identifier: Apache-2.0
#include "config/words.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace config {
namespace {

TEST(Words, CountEdits) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("abc", "abc"), 0U);
  EXPECT_EQ(edit_distance("abc", "abd"), 1U);
  EXPECT_EQ(edit_distance("abc", "acb"), 1U) << "neighbours swapped";
  EXPECT_EQ(edit_distance("abc", "ab"), 1U);
  EXPECT_EQ(edit_distance("ab", "abc"), 1U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(Words, NearestIsWithinTwoEditsOrSharesItsBeginning) {
  constexpr std::array<std::string_view, 4> known = {"serve", "check-config", "default-config", "help"};
  EXPECT_EQ(nearest("sreve", known), "serve");
  EXPECT_EQ(nearest("hlep", known), "help");
  EXPECT_EQ(nearest("check", known), "check-config");
  EXPECT_EQ(nearest("serve-now", known), "serve");
  EXPECT_EQ(nearest("publish", known), "");
  EXPECT_EQ(nearest("", known), "");
  EXPECT_EQ(nearest(std::string(10'000, 's'), known), "");
}

TEST(Words, QuoteEscapesAndShortens) {
  EXPECT_EQ(quote("a b"), "\"a b\"");
  EXPECT_EQ(quote("ä"), "\"ä\"");
  EXPECT_EQ(quote("\x1b[0m\n"), "\"\\x1b[0m\\n\"");
  EXPECT_EQ(quote(std::string(101, 'x')), "\"" + std::string(100, 'x') + "…\"");
}

TEST(Words, ListedArePartedByCommas) {
  constexpr std::array<std::string_view, 2> two = {"one", "two"};
  EXPECT_EQ(listed(two), "one, two");
  EXPECT_EQ(listed({}), "");
}

}  // namespace
}  // namespace config
