// SPDX-License-Identifier: Apache-2.0
#include "proto/http/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

#include "proto/http/target.h"

namespace proto::http {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using namespace std::string_literals;

TEST(Url, DecodesOnce) {
  struct {
    std::string_view encoded;
    std::optional<std::string> decoded;
  } const vectors[] = {
      {"", ""},
      {"abc", "abc"},
      {"a%20b", "a b"},
      {"%2525", "%25"},
      {"%25", "%"},
      {"a+b", "a+b"},
      {"%2f%2F", "//"},
      {"%00", "\0"s},
      {"%c3%A4", "ä"},
      {"%ff", "\xff"},
      {"ä", "ä"},
      {"%", std::nullopt},
      {"%2", std::nullopt},
      {"a%2", std::nullopt},
      {"%zz", std::nullopt},
      {"%2z", std::nullopt},
      {"%z2", std::nullopt},
      {"%%20", std::nullopt},
      {"% 2", std::nullopt},
      {"%+2", std::nullopt},
  };
  for (const auto& vector : vectors) {
    EXPECT_EQ(percent_decode(vector.encoded), vector.decoded) << vector.encoded;
    EXPECT_EQ(has_valid_escapes(vector.encoded), vector.decoded.has_value()) << vector.encoded;
  }
}

TEST(Url, LooksNoFurtherThanTheTextGoes) {
  const std::string_view cut = std::string_view("a%20").substr(0, 3);
  EXPECT_EQ(percent_decode(cut), std::nullopt);
  EXPECT_FALSE(has_valid_escapes(cut));
  EXPECT_EQ(parse_query(cut), std::nullopt);
}

TEST(Url, EncodesAllButUnreservedCharacters) {
  EXPECT_EQ(percent_encode("chat message"), "chat%20message");
  EXPECT_EQ(percent_encode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encode("/?#%+&=\xff"), "%2F%3F%23%25%2B%26%3D%FF");
}

TEST(Url, DecodesWhatItEncoded) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
}

TEST(Url, ReadsQueries) {
  EXPECT_THAT(*parse_query(""), IsEmpty());
  EXPECT_THAT(*parse_query("a=1"), ElementsAre(Pair("a", "1")));
  EXPECT_THAT(*parse_query("a=1&b=2&a=3"), ElementsAre(Pair("a", "1"), Pair("b", "2"), Pair("a", "3")));
  EXPECT_THAT(*parse_query("&&a&b=&=c&"), ElementsAre(Pair("a", ""), Pair("b", ""), Pair("", "c")));
  EXPECT_THAT(*parse_query("a=b=c"), ElementsAre(Pair("a", "b=c")));
  EXPECT_THAT(*parse_query("a+b=c+d%2B%26"), ElementsAre(Pair("a b", "c d+&")));
  EXPECT_THAT(*parse_query("a?b=/"), ElementsAre(Pair("a?b", "/")));
  EXPECT_EQ(parse_query("a=%"), std::nullopt);
  EXPECT_EQ(parse_query("%4=a"), std::nullopt);
}

TEST(Url, TakesTargetsApart) {
  struct {
    std::string_view target;
    std::string_view authority;
    std::string_view path;
    std::string_view query;
  } const vectors[] = {
      {"/", "", "/", ""},
      {"/a/b?c=d?e", "", "/a/b", "c=d?e"},
      {"/?", "", "/", ""},
      {"//a/b", "", "//a/b", ""},
      {"*", "", "*", ""},
      {"http://h", "h", "/", ""},
      {"http://h/", "h", "/", ""},
      {"http://h?q", "h", "/", "q"},
      {"HTTPS://[::1]:8/p?q", "[::1]:8", "/p", "q"},
  };
  for (const auto& vector : vectors) {
    const std::optional<Target> target = split_target(vector.target);
    ASSERT_TRUE(target) << vector.target;
    EXPECT_EQ(target->authority, vector.authority) << vector.target;
    EXPECT_EQ(target->path, vector.path) << vector.target;
    EXPECT_EQ(target->query, vector.query) << vector.target;
  }
  for (const std::string_view bad : {"", "a", "?a", "**", "http:", "http:/h", "http://", "http:///", "http://?",
                                     "ws://h/", "http://u@h/", "http://:80/", "http://a b/", "http://a\\b/"}) {
    EXPECT_FALSE(split_target(bad)) << bad;
  }
}

}  // namespace
}  // namespace proto::http
