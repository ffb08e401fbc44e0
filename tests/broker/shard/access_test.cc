// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/access.h"

#include <gtest/gtest.h>

namespace broker::shard {
namespace {

config::TopicPattern pattern(std::string_view text) {
  return std::get<config::TopicPattern>(config::TopicPattern::parse(text));
}

config::Settings settings(bool dev, std::vector<std::string> origins = {}) {
  config::Settings made;
  made.dev = dev;
  made.access.origins = std::move(origins);
  made.access.client_publish = {pattern("chat/*"), pattern("open/**")};
  return made;
}

struct OriginCase {
  bool dev;
  const char* origin;
  const char* host;
  bool secure;
  bool allowed;
};

TEST(Access, DecidesByOrigin) {
  const OriginCase cases[] = {
      // No browser.
      {true, "", "localhost:8000", false, true},
      {false, "", "broker.example", true, true},
      // dev: the same host, whatever port or scheme, or a loopback one.
      {true, "http://broker.example", "broker.example:8000", false, true},
      {true, "https://Broker.Example:8443", "broker.example:8000", false, true},
      {true, "http://localhost:3000", "127.0.0.1:8000", false, true},
      {true, "http://127.0.0.1:3000", "localhost:8000", false, true},
      {true, "http://127.9.9.9", "localhost", false, true},
      {true, "http://[::1]:3000", "localhost:8000", false, true},
      {true, "http://app.localhost:3000", "localhost:8000", false, true},
      {true, "http://evil.example", "localhost:8000", false, false},
      {true, "http://localhost.evil.example", "localhost:8000", false, false},
      {true, "http://127.evil.example", "localhost:8000", false, false},
      {true, "http://127.0.0.1.evil.example", "localhost:8000", false, false},
      {true, "null", "localhost:8000", false, false},
      {true, "file://", "localhost:8000", false, false},
      {true, "http://", "localhost:8000", false, false},
      // Otherwise: the same origin, all of it.
      {false, "https://broker.example", "broker.example", true, true},
      {false, "https://BROKER.example:8443", "broker.example:8443", true, true},
      {false, "http://broker.example", "broker.example", true, false},
      {false, "https://broker.example", "broker.example", false, false},
      {false, "http://broker.example", "broker.example", false, true},
      {false, "https://broker.example:444", "broker.example", true, false},
      {false, "http://localhost:3000", "localhost:8000", false, false},
      {false, "https://broker.example.evil.example", "broker.example", true, false},
      {false, "null", "broker.example", true, false},
      {false, "https://", "", true, false},
  };
  for (const OriginCase& each : cases) {
    const Access access(settings(each.dev), {});
    EXPECT_EQ(access.origin_allowed(each.origin, each.host, each.secure), each.allowed)
        << (each.dev ? "dev " : "") << each.origin << " at " << each.host << (each.secure ? " secure" : "");
  }
}

TEST(Access, AllowsTheOriginsOfTheSettingsBeside) {
  for (const bool dev : {false, true}) {
    const Access access(settings(dev, {"https://site.example", "https://other.example:444"}), {});
    EXPECT_TRUE(access.origin_allowed("https://site.example", "broker.example", true));
    EXPECT_TRUE(access.origin_allowed("https://Site.Example", "broker.example", true));
    EXPECT_TRUE(access.origin_allowed("https://other.example:444", "broker.example", true));
    EXPECT_FALSE(access.origin_allowed("http://site.example", "broker.example", true));
    EXPECT_FALSE(access.origin_allowed("https://other.example", "broker.example", true));
    EXPECT_FALSE(access.origin_allowed("https://a.site.example", "broker.example", true));
  }
  const Access any(settings(false, {"*"}), {});
  EXPECT_TRUE(any.origin_allowed("https://whatever.example", "broker.example", true));
  EXPECT_TRUE(any.origin_allowed("null", "broker.example", true));
}

TEST(Access, WantsAKeyFromBackendsUnlessItIsDev) {
  const std::vector<std::string> keys{"first-key-of-two", "second-key-of-two"};
  const Access access(settings(false), keys);
  EXPECT_TRUE(access.backend_allowed("Bearer first-key-of-two"));
  EXPECT_TRUE(access.backend_allowed("bearer second-key-of-two"));
  for (const char* wrong :
       {"", "Bearer", "Bearer ", "Bearer first-key-of-tw", "Bearer first-key-of-two ", "first-key-of-two",
        "Basic first-key-of-two", "Bearer  first-key-of-two", "Bearer FIRST-KEY-OF-TWO"}) {
    EXPECT_FALSE(access.backend_allowed(wrong)) << wrong;
  }
  EXPECT_FALSE(Access(settings(false), {}).backend_allowed("Bearer ")) << "no keys, nobody";
  EXPECT_TRUE(Access(settings(true), keys).backend_allowed(""));
}

TEST(Access, LetsClientsPublishWhereThePatternsSay) {
  const Access access(settings(false), {});
  EXPECT_TRUE(access.client_may_publish("chat/a"));
  EXPECT_FALSE(access.client_may_publish("chat/a/b"));
  EXPECT_TRUE(access.client_may_publish("open/a/b"));
  EXPECT_FALSE(access.client_may_publish("news"));
  EXPECT_TRUE(Access(settings(true), {}).client_may_publish("news"));
}

}  // namespace
}  // namespace broker::shard
