// SPDX-License-Identifier: Apache-2.0
#include "broker/base/strings.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace broker::base {
namespace {

TEST(Strings, CrossBetweenStdAndAbsl) {
  const std::string_view text("a\0b", 3);
  EXPECT_EQ(to_std(to_absl(text)), text);
  EXPECT_EQ(absl::StrCat(to_absl(text), 1).size(), 4u);
  EXPECT_TRUE(to_absl({}).empty());
}

TEST(StringMap, IsSearchedWithoutMakingAString) {
  StringMap<int> map;
  map.emplace("chat message", 1);
  const std::string_view key = "chat message!";
  EXPECT_EQ(map.find(key), map.end());
  const auto found = map.find(key.substr(0, 12));
  ASSERT_NE(found, map.end());
  EXPECT_EQ(found->second, 1);
  StringSet set{"x"};
  EXPECT_TRUE(set.contains(std::string_view("x")));
}

}  // namespace
}  // namespace broker::base
