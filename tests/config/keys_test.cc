// SPDX-License-Identifier: Apache-2.0
#include "config/keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Keys, AreALineEachWithoutBlankLinesAndComments) {
  const AccessKeys read = parse_keys("keys", "# billing\n0123456789abcdef\r\n\n   \n  # chat\n  fedcba9876543210XYZ  ");
  EXPECT_THAT(read.keys, ElementsAre("0123456789abcdef", "fedcba9876543210XYZ"));
  EXPECT_THAT(read.mistakes, IsEmpty());
}

TEST(Keys, AreRefusedWithTheirLine) {
  const AccessKeys read = parse_keys(
      "keys", "0123456789abcde\n0123456789 abcdef\n" + std::string(257, 'x') + "\n0123456789abcdef\xC3\xA4\n");
  EXPECT_EQ(format(read.mistakes),
            "keys:1: a key of 15 characters can be guessed; at least 16 are wanted (openssl rand -hex 32)\n"
            "keys:2: a key is one word of visible ASCII characters, as a request's header can carry\n"
            "keys:3: a key has at most 256 characters, this one has 257\n"
            "keys:4: a key is one word of visible ASCII characters, as a request's header can carry\n");
}

TEST(Keys, AFileWithoutAnyIsAMistake) {
  EXPECT_EQ(format(parse_keys("keys", "").mistakes), "keys: holds no key; write one a line (openssl rand -hex 32)\n");
  EXPECT_EQ(format(parse_keys("keys", "# none yet\n").mistakes),
            "keys: holds no key; write one a line (openssl rand -hex 32)\n");
}

TEST(Keys, AFileThatIsMissingIsAMistake) {
  const AccessKeys read = load_keys("/none/keys");
  EXPECT_THAT(read.keys, IsEmpty());
  EXPECT_EQ(format(read.mistakes), "/none/keys: cannot read \"/none/keys\": No such file or directory\n");
}

}  // namespace
}  // namespace config
