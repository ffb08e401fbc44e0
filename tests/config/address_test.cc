// SPDX-License-Identifier: Apache-2.0
#include "config/address.h"

#include <gtest/gtest.h>

#include <string>

namespace config {
namespace {

TEST(Address, ReadsIpv4AndIpv6AndWritesThemBack) {
  const struct {
    std::string_view text;
    Address address;
    std::string_view written;
  } cases[] = {
      {"127.0.0.1:8000", {"127.0.0.1", 8000}, "127.0.0.1:8000"},
      {"0.0.0.0:0", {"0.0.0.0", 0}, "0.0.0.0:0"},
      {"10.1.2.3:65535", {"10.1.2.3", 65535}, "10.1.2.3:65535"},
      {"[::1]:80", {"::1", 80}, "[::1]:80"},
      {"[::]:80", {"::", 80}, "[::]:80"},
      {"[0:0::0:1]:80", {"::1", 80}, "[::1]:80"},
      {"localhost:80", {"127.0.0.1", 80}, "127.0.0.1:80"},
  };
  for (const auto& vector : cases) {
    const auto parsed = parse_address(vector.text);
    ASSERT_TRUE(std::holds_alternative<Address>(parsed)) << vector.text << ": " << std::get<std::string>(parsed);
    EXPECT_EQ(std::get<Address>(parsed), vector.address) << vector.text;
    EXPECT_EQ(format(std::get<Address>(parsed)), vector.written);
  }
}

TEST(Address, RefusesAndSaysWhatWasMeant) {
  using namespace std::string_view_literals;
  const struct {
    std::string_view text;
    std::string_view what;
  } cases[] = {
      {"127.0.0.1", "\"127.0.0.1\" has no port; write address:port, such as 127.0.0.1:8000"},
      {"8000", "needs an address too; did you mean \"127.0.0.1:8000\"?"},
      {":8000", "needs an address before the port; did you mean \"0.0.0.0:8000\", every address?"},
      {"*:8000", "needs an address before the port; did you mean \"0.0.0.0:8000\", every address?"},
      {"::1", "an IPv6 address stands in brackets, with a port behind them; did you mean \"[::1]:8000\"?"},
      {"[::1]", "\"[::1]\" has no port; write [address]:port"},
      {"[::1]80", "\"[::1]80\" has no port; write [address]:port"},
      {"[1.2.3.4]:80", "\"1.2.3.4\" is not an IPv6 address"},
      {"127.0.0.1:80000", "the port must be from 0 to 65535, is 80000"},
      {"127.0.0.1:99999999999999999999", "the port must be from 0 to 65535, is 99999999999999999999"},
      {"127.0.0.1:http", "the port must be a number from 0 to 65535, is \"http\""},
      {"127.0.0.1:", "the port must be a number from 0 to 65535, is \"\""},
      {"127.0.0.1:-1", "the port must be a number from 0 to 65535, is \"-1\""},
      {"256.0.0.1:80", "\"256.0.0.1\" is not an IP address; write address:port, such as 127.0.0.1:8000 or [::1]:8000"},
      {"example.com:80",
       "\"example.com\" is not an IP address; write address:port, such as 127.0.0.1:8000 or [::1]:8000"},
      {"127.0.0.1\0x:80"sv,
       "\"127.0.0.1\\x00x\" is not an IP address; write address:port, such as 127.0.0.1:8000 or [::1]:8000"},
  };
  for (const auto& vector : cases) {
    const auto parsed = parse_address(vector.text);
    ASSERT_TRUE(std::holds_alternative<std::string>(parsed)) << vector.text;
    EXPECT_EQ(std::get<std::string>(parsed), vector.what);
  }
}

TEST(Address, KnowsWhatIsReachedFromThisMachineAlone) {
  EXPECT_TRUE((Address{"127.0.0.1", 1}).loopback());
  EXPECT_TRUE((Address{"127.9.9.9", 1}).loopback());
  EXPECT_TRUE((Address{"::1", 1}).loopback());
  EXPECT_FALSE((Address{"0.0.0.0", 1}).loopback());
  EXPECT_FALSE((Address{"::", 1}).loopback());
  EXPECT_FALSE((Address{"128.0.0.1", 1}).loopback());
}

TEST(Address, CollidesWithTheSamePortOfAnOverlappingHost) {
  const struct {
    Address one;
    Address other;
    bool collides;
  } cases[] = {
      {{"127.0.0.1", 80}, {"127.0.0.1", 80}, true},
      {{"127.0.0.1", 80}, {"127.0.0.1", 81}, false},
      {{"127.0.0.1", 0}, {"127.0.0.1", 0}, false},
      {{"0.0.0.0", 80}, {"127.0.0.1", 80}, true},
      {{"::", 80}, {"::1", 80}, true},
      {{"::", 80}, {"127.0.0.1", 80}, true},
      {{"0.0.0.0", 80}, {"::1", 80}, false},
      {{"127.0.0.1", 80}, {"127.0.0.2", 80}, false},
  };
  for (const auto& vector : cases) {
    EXPECT_EQ(collide(vector.one, vector.other), vector.collides) << format(vector.one) << " " << format(vector.other);
    EXPECT_EQ(collide(vector.other, vector.one), vector.collides) << format(vector.other) << " " << format(vector.one);
  }
}

}  // namespace
}  // namespace config
