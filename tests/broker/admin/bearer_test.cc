// SPDX-License-Identifier: Apache-2.0
#include "broker/admin/bearer.h"

#include <gtest/gtest.h>

#include <vector>

namespace broker::admin {
namespace {

TEST(Bearer, AllowsAnyOfTheKeysAndNothingElse) {
  const std::vector<std::string> keys = {"first-key", "second-key"};
  struct Case {
    std::string_view header;
    bool allowed;
  };
  const Case cases[] = {
      {"Bearer first-key", true},
      {"Bearer second-key", true},
      {"bearer first-key", true},
      {"BEARER first-key", true},
      {"Bearer   first-key", true},
      {"", false},
      {"Bearer", false},
      {"Bearer ", false},
      {"Bearer  ", false},
      {"first-key", false},
      {"Basic first-key", false},
      {"Bearer first-keY", false},
      {"Bearer first-key2", false},
      {"Bearer first-ke", false},
      {"Bearerfirst-key", false},
      {"Bearer first-key second-key", false},
  };
  for (const Case& c : cases) EXPECT_EQ(bearer_allowed(c.header, keys), c.allowed) << c.header;
}

TEST(Bearer, AllowsNobodyWithoutKeys) {
  EXPECT_FALSE(bearer_allowed("Bearer x", {}));
  EXPECT_FALSE(bearer_allowed("Bearer ", std::vector<std::string>{""}));
}

}  // namespace
}  // namespace broker::admin
