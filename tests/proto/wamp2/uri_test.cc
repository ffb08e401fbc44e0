// SPDX-License-Identifier: Apache-2.0
#include "proto/wamp2/uri.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace proto::wamp2 {
namespace {

using testing::HasSubstr;

const Realm plain{"realm1", ""};

std::string topic(std::string_view uri, const Realm& realm = plain) {
  const Answer<std::string> answer = topic_of(realm, uri);
  const std::string* found = std::get_if<std::string>(&answer);
  return found == nullptr ? "refused: " + std::get<Error>(answer).message : *found;
}

// The other way round, written down anew: what has one topic must have come from one URI.
std::string uri_of_topic(std::string_view topic) {
  std::string uri;
  for (const char c : topic) {
    switch (c) {
      case '/': uri += '.'; break;
      case '.': uri += '/'; break;
      case ' ': uri += "%20"; break;
      case '#': uri += "%23"; break;
      case '%': uri += "%25"; break;
      default: uri += c;
    }
  }
  return uri;
}

TEST(WampUri, NamesATopic) {
  const struct {
    std::string_view uri;
    std::string_view topic;
  } rows[] = {
      {"com.myapp.mytopic1", "com/myapp/mytopic1"},
      {"news", "news"},
      {"a/b.c", "a.b/c"},
      {"/", "."},
      {"a./", "a/."},
      {"chat%20message", "chat message"},
      {"%23%25%20", "#% "},
      {"100%25.x", "100%/x"},
      {"wampum.x", "wampum/x"},
      {"x.wamp", "x/wamp"},
      {"WAMP.x", "WAMP/x"},
      {"grüße.日本", "grüße/日本"},
      {"a,b", "a,b"},
      {"x.y$z", "x/y$z"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(topic(row.uri), row.topic);
    EXPECT_EQ(uri_of_topic(row.topic), row.uri);
  }
}

TEST(WampUri, EveryCharacterOfATopicHasOneSpelling) {
  for (int byte = 0x20; byte < 0x7F; ++byte) {
    const std::string name = std::string("a") + static_cast<char>(byte) + "b";
    EXPECT_EQ(topic(uri_of_topic(name)), name);
  }
  // Nothing else that is percent-encoded is a URI, also what means the same.
  for (int byte = 0; byte < 0x100; ++byte) {
    for (const char* digits : {"0123456789ABCDEF", "0123456789abcdef"}) {
      const std::string escape = std::string("a%") + digits[byte >> 4] + digits[byte & 15] + "b";
      const bool right = byte == ' ' || byte == '#' || byte == '%';
      EXPECT_EQ(!topic(escape).starts_with("refused"), right) << escape;
    }
  }
}

TEST(WampUri, RefusesWhatIsNone) {
  for (const std::string_view uri :
       {"", ".", "a.", ".a", "a..b", "a b", "a\tb", "a\n", "#", "a#b", "a\vb", "a\fb", "a\r"}) {
    EXPECT_FALSE(is_loose_uri(uri)) << uri;
    EXPECT_THAT(topic(uri), HasSubstr("no empty components")) << uri;
  }
  for (const std::string_view uri : {"%", "a%", "a%2", "%2", "%41", "a%2G", "%%20", "%2 5"}) {
    EXPECT_THAT(topic(uri), HasSubstr("refused")) << uri;
  }
}

TEST(WampUri, RefusesWhatIsReserved) {
  EXPECT_THAT(topic("wamp"), HasSubstr("reserved"));
  EXPECT_THAT(topic("wamp.error.not_authorized"), HasSubstr("reserved"));
  EXPECT_THAT(topic("$room.x"), HasSubstr("reserved"));
  EXPECT_THAT(topic("x.$sid.y"), HasSubstr("reserved"));
}

TEST(WampUri, RefusesWhatIsNoTopic) {
  EXPECT_EQ(topic(std::string(255, 'x')), std::string(255, 'x'));
  EXPECT_THAT(topic(std::string(256, 'x')), HasSubstr("255 bytes"));
  EXPECT_THAT(topic("a\x01"), HasSubstr("control characters"));
  EXPECT_THAT(topic("a\x7F"), HasSubstr("control characters"));
}

TEST(WampUri, RealmsHaveAPrefix) {
  const Realm realm{"tenant", "tenants/7/"};
  EXPECT_EQ(topic("com.x", realm), "tenants/7/com/x");
  EXPECT_THAT(topic(std::string(246, 'x'), realm), HasSubstr("255 bytes"));
  EXPECT_EQ(topic(std::string(245, 'x'), realm), "tenants/7/" + std::string(245, 'x'));
}

}  // namespace
}  // namespace proto::wamp2
