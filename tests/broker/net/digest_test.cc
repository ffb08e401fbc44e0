// SPDX-License-Identifier: Apache-2.0
#include "broker/net/digest.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace broker::net {
namespace {

std::string hex(std::string_view in) {
  unsigned char out[20];
  sha1(in, out);
  std::string text;
  for (const unsigned char byte : out) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

TEST(Digest, Sha1OfKnownTexts) {
  EXPECT_EQ(hex(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");  // FIPS 180, appendix A.1
  // RFC 6455 §1.3.
  EXPECT_EQ(hex("dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11"),
            "b37a4f2cc0624f1690f64606cf385945b2bec4ea");
}

TEST(Digest, ComparesWholeStrings) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("key", "key"));
  EXPECT_FALSE(equal_in_constant_time("key", "kez"));
  EXPECT_FALSE(equal_in_constant_time("key", "key2"));
  EXPECT_FALSE(equal_in_constant_time("", "k"));
}

TEST(Digest, RandomBytesDiffer) {
  std::array<std::uint8_t, 32> one{};
  std::array<std::uint8_t, 32> other{};
  random_bytes(one);
  random_bytes(other);
  EXPECT_NE(one, other);
  random_bytes({});
}

}  // namespace
}  // namespace broker::net
