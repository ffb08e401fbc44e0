// SPDX-License-Identifier: Apache-2.0
#include "proto/http/response.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "proto/reason.h"

namespace proto::http {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string response(const ResponseParts& parts) {
  std::string out = "before ";
  append_response(out, parts);
  EXPECT_EQ(out.substr(0, 7), "before ");
  return out.substr(7);
}

TEST(Response, IsAHeadAndABody) {
  EXPECT_EQ(response({.body = "{}"}),
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
  EXPECT_EQ(response({.status = 404, .content_type = "text/plain", .body = "no", .extra_headers = "A: b\r\nC: d\r\n"}),
            "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nA: b\r\nC: d\r\n\r\nno");
}

TEST(Response, TellsHeadTheLengthWithoutTheBody) {
  EXPECT_EQ(response({.body = "{}", .head_request = true}),
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n");
}

TEST(Response, SaysWhatBecomesOfTheConnection) {
  EXPECT_THAT(response({}), Not(HasSubstr("Connection:")));
  EXPECT_THAT(response({.keep_alive = false}), HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(response({.version_minor = 0}), HasSubstr("\r\nConnection: keep-alive\r\n"));
  EXPECT_THAT(response({.keep_alive = false, .version_minor = 0}), HasSubstr("\r\nConnection: close\r\n"));
}

TEST(Response, SendsPiecesAsChunks) {
  std::string out = response({.content_type = "a/b", .chunked = true});
  append_chunk(out, "hello, world, how are you");
  append_chunk(out, "");
  append_chunk(out, "!");
  append_last_chunk(out);
  EXPECT_EQ(out,
            "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nTransfer-Encoding: chunked\r\n\r\n"
            "19\r\nhello, world, how are you\r\n1\r\n!\r\n0\r\n\r\n");
}

TEST(Response, EndsPiecesForHttp10WithTheConnection) {
  const ResponseParts parts{.content_type = "a/b", .keep_alive = true, .version_minor = 0, .chunked = true};
  EXPECT_EQ(response(parts), "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nConnection: close\r\n\r\n");
  EXPECT_FALSE(stays_open(parts));
}

TEST(Response, HasNoBodyWhereNoneMayBe) {
  EXPECT_EQ(response({.status = 204, .body = "x", .extra_headers = "Allow: GET\r\n"}),
            "HTTP/1.1 204 No Content\r\nAllow: GET\r\n\r\n");
  EXPECT_EQ(response({.status = 304, .body = "x"}), "HTTP/1.1 304 Not Modified\r\n\r\n");
}

TEST(Response, LetsNoValueBreakOutOfItsLine) {
  std::string out;
  append_header(out, "A\r\n: b", std::string_view("c\r\nSet-Cookie: d\0e\x7f", 19));
  EXPECT_EQ(out, "Ab: c  Set-Cookie: d e \r\n");
  EXPECT_EQ(response({.content_type = "a/b\r\nX: y"}),
            "HTTP/1.1 200 OK\r\nContent-Type: a/b  X: y\r\nContent-Length: 0\r\n\r\n");
  for (const std::string_view lines : {"A: b", "A: b\r", "A: b\r\n\r\n", "\r\n", "A: b\r\n\r\nHTTP/1.1 200 OK\r\n",
                                       "A\r\n", "A: b\nC: d\r\n", " A: b\r\n", "A : b\r\n", "A: b\r\n c\r\n"}) {
    EXPECT_EQ(response({.content_type = "", .extra_headers = lines}), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        << lines;
  }
}

TEST(Response, KeepsAnyStatusAtThreeDigits) {
  EXPECT_THAT(response({.status = 999}), HasSubstr("HTTP/1.1 999 Status\r\n"));
  EXPECT_THAT(response({.status = 12345}), HasSubstr("HTTP/1.1 999 Status\r\n"));
}

TEST(Response, LetsABodyCome) {
  std::string out;
  append_continue(out);
  EXPECT_EQ(out, "HTTP/1.1 100 Continue\r\n\r\n");
}

TEST(Response, KnowsAPhraseForEveryReason) {
  for (std::size_t i = 0; i < reason_count; ++i) {
    const ReasonFacts& reason = facts(static_cast<Reason>(i));
    if (reason.status == 0) continue;
    EXPECT_NE(reason_phrase(reason.status), "Status") << reason.label;
  }
}

TEST(Response, WritesErrorsAsJson) {
  EXPECT_EQ(error_body(413, "too large"), R"({"error":{"code":413,"message":"too large"}})");
  EXPECT_EQ(error_body(400, "a \"b\" \\ \n"), R"({"error":{"code":400,"message":"a \"b\" \\ \n"}})");
  EXPECT_EQ(error_body(400, "ä"), R"({"error":{"code":400,"message":"ä"}})");
  EXPECT_EQ(error_body(400, "a\xff"), R"({"error":{"code":400,"message":"a?"}})");
}

}  // namespace
}  // namespace proto::http
