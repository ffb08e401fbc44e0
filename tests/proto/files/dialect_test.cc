// SPDX-License-Identifier: Apache-2.0
#include "proto/files/dialect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "fake_host.h"
#include "gzip_text.h"
#include "proto/http/request.h"

namespace proto::files {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view page_type = "text/html; charset=utf-8";
constexpr std::string_view script_type = "application/javascript; charset=utf-8";

http::Request get(std::string_view target, std::string_view header = {}, std::string_view value = {}) {
  http::Request request;
  request.method = "GET";
  request.target = target;
  request.path = target.substr(0, target.find('?'));
  if (!header.empty()) request.headers.emplace_back(header, value);
  return request;
}

class FilesDialectTest : public testing::Test {
 protected:
  // Answers the request, whose file must be there.
  fakes::FakeHost::Responded answer(const http::Request& request) {
    auto opened = dialect.open_http(request, {});
    auto& session = *std::get<std::unique_ptr<HttpSession>>(opened);
    fakes::FakeHost host;
    session.on_request(host);
    EXPECT_TRUE(host.responses.empty()) << "the request has not ended yet";
    session.on_body_end(host);
    EXPECT_EQ(host.responses.size(), 1u);
    headers = host.headers;
    return host.responses.at(0);
  }

  const std::string script_gzip = fakes::gzip_text("io = connect");
  const FilesDialect dialect{{
      {.path = "/", .content_type = page_type, .bytes = "<p>hi", .policy = File::Policy::page},
      {.path = "/socket.io/socket.io.js",
       .content_type = script_type,
       .bytes = {},
       .gzip = script_gzip,
       .version = "4.8.0"},
      {.path = "/index.html", .content_type = page_type, .bytes = "<p>mine"},
      {.path = "/game/index.html", .content_type = page_type, .bytes = "<p>game"},
      {.path = "/a b/ü.txt", .content_type = "text/plain", .bytes = "text"},
      {.path = "/100%.txt", .content_type = "text/plain", .bytes = "percent"},
      {.path = "/none", .content_type = "text/plain", .bytes = ""},
  }};
  std::string headers;  // of the last answer
};

TEST_F(FilesDialectTest, HasOneRouteForAllOfThem) {
  ASSERT_EQ(dialect.routes().size(), 1u);
  EXPECT_EQ(dialect.routes()[0].method, "GET");
  EXPECT_EQ(dialect.routes()[0].path, "/{file}");
  EXPECT_FALSE(dialect.routes()[0].publishes);
}

TEST_F(FilesDialectTest, FindsAFileHoweverItsPathIsEncoded) {
  struct {
    std::string_view path;
    std::string_view body;
  } const vectors[] = {
      {"/", "<p>hi"},                   // of two files of one path the first
      {"/index.html", "<p>mine"},       //
      {"/game/", "<p>game"},            // a folder
      {"/game/index.html", "<p>game"},  //
      {"/%67ame/", "<p>game"},          //
      {"/a%20b/%C3%BC.txt", "text"},    //
      {"/a%20b/%c3%bc.txt?x=1", "text"},
      {"/100%25.txt", "percent"},
      {"/none", ""},
  };
  for (const auto& vector : vectors) {
    const http::Request request = get(vector.path);
    EXPECT_TRUE(dialect.has_file(request.path)) << vector.path;
    const auto answered = answer(request);
    EXPECT_EQ(answered.status, 200) << vector.path;
    EXPECT_EQ(answered.body, vector.body) << vector.path;
  }
}

TEST_F(FilesDialectTest, KnowsNoOtherPath) {
  for (const std::string_view path : {"",
                                      "/etc/passwd",
                                      "/game/index",
                                      "/game//",
                                      "//",
                                      "//game/",
                                      "/game/.",
                                      "/game/./",
                                      "/game/../",
                                      "/game/..",
                                      "/game%2F",
                                      "/game%2findex.html",
                                      "%2F",
                                      "/game/%2e%2e/",
                                      "/%2e%2e/%2e%2e/etc/passwd",
                                      "/game\\index.html",
                                      "/none%00",
                                      "/none%00.js",
                                      "/none/",
                                      "/100%.txt",
                                      "/100%2",
                                      "/100%zz",
                                      "/GAME/",
                                      "/a+b/%C3%BC.txt",
                                      "/index.html/"}) {
    EXPECT_FALSE(dialect.has_file(path)) << path;
    EXPECT_EQ(std::get<Error>(dialect.open_http(get(path), {})).status, 404) << path;
  }
}

TEST_F(FilesDialectTest, ShowsTheWayToAFolder) {
  EXPECT_EQ(answer(get("/game")).status, 301);
  EXPECT_EQ(headers, "Location: /game/\r\n");
  EXPECT_EQ(answer(get("/%67ame?level=2?")).body, "");
  EXPECT_EQ(headers, "Location: /%67ame/?level=2?\r\n");
}

TEST_F(FilesDialectTest, CompressesForWhoTakesIt) {
  const auto compressed = answer(get("/socket.io/socket.io.js", "accept-encoding", "gzip, br"));
  EXPECT_EQ(compressed, (fakes::FakeHost::Responded{200, std::string(script_type), script_gzip}));
  EXPECT_THAT(headers, HasSubstr("Content-Encoding: gzip\r\n"));
  EXPECT_THAT(headers, HasSubstr("ETag: \"4.8.0-gzip\"\r\n"));
  EXPECT_THAT(headers, HasSubstr("Vary: Accept-Encoding\r\n"));
  EXPECT_THAT(headers, HasSubstr("Cache-Control: public, max-age=0\r\n"));

  EXPECT_EQ(answer(get("/socket.io/socket.io.js", "accept-encoding", "br")).body, "io = connect");
  EXPECT_THAT(headers, Not(HasSubstr("Content-Encoding")));
  EXPECT_THAT(headers, HasSubstr("ETag: \"4.8.0\"\r\n"));
  EXPECT_THAT(headers, HasSubstr("Vary: Accept-Encoding\r\n"));

  EXPECT_EQ(answer(get("/none", "accept-encoding", "gzip")).body, "");
  EXPECT_THAT(headers, Not(testing::AnyOf(HasSubstr("Vary"), HasSubstr("Content-Encoding"))));
}

TEST_F(FilesDialectTest, SaysThatNothingHasChanged) {
  struct {
    std::string_view asked;
    int status;
  } const vectors[] = {
      {"\"4.8.0\"", 304},
      {"W/\"4.8.0\"", 304},
      {"\"4.8.0-gzip\"", 304},
      {"W/\"4.8.0-gzip\"", 304},
      {"*", 304},
      {"\"1\", \"2\", W/\"4.8.0\"", 304},
      {"4.8.0", 200},
      {"\"4.8.1\"", 200},
      {"w/\"4.8.0\"", 200},
      {"W/", 200},
      {"", 200},
      {"\"", 200},
  };
  for (const auto& vector : vectors) {
    const auto answered = answer(get("/socket.io/socket.io.js", "if-none-match", vector.asked));
    EXPECT_EQ(answered.status, vector.status) << vector.asked;
    EXPECT_EQ(answered.body.empty(), vector.status == 304) << vector.asked;
    EXPECT_THAT(headers, HasSubstr("ETag: \"4.8.0\"\r\n"));
    EXPECT_THAT(headers, HasSubstr("Vary: Accept-Encoding\r\n"));
  }
}

TEST_F(FilesDialectTest, NamesBytesByTheirChecksum) {
  EXPECT_EQ(answer(get("/index.html")).status, 200);
  const std::size_t begin = headers.find("ETag: ") + 6;
  const std::string tag = headers.substr(begin, headers.find("\r\n", begin) - begin);
  EXPECT_EQ(answer(get("/index.html", "if-none-match", tag)).status, 304);
  EXPECT_EQ(answer(get("/game/", "if-none-match", tag)).status, 200);
}

TEST_F(FilesDialectTest, HoldsOnlyOurOwnPageToAPolicy) {
  EXPECT_EQ(answer(get("/")).status, 200);
  EXPECT_THAT(headers, HasSubstr("Content-Security-Policy: default-src 'none'"));
  EXPECT_EQ(answer(get("/game/")).status, 200);
  EXPECT_THAT(headers, Not(HasSubstr("Content-Security-Policy")));
  EXPECT_THAT(headers, HasSubstr("X-Content-Type-Options: nosniff\r\n"));
}

}  // namespace
}  // namespace proto::files
