// SPDX-License-Identifier: Apache-2.0
// Every vector is read in one piece, cut in two at each byte, and byte by byte; all must agree.
#include "proto/http/request_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "request_vectors.h"

namespace proto::http {
namespace {

Request read_request(std::string_view input) {
  RequestReader reader(transcript_limits);
  RequestReader::Step step = reader.read(input);
  if (Request* request = std::get_if<Request>(&step.event)) return std::move(*request);
  ADD_FAILURE() << "no request: " << input;
  return {};
}

TEST(RequestReader, ReadsRequestsOfBothVersions) {
  const Vector vectors[] = {
      {"1.1", get(""), "GET /"},
      {"1.0 without Host", "GET /a HTTP/1.0\r\n\r\n", "GET /a"},
      {"1.0 with Host", "GET /a HTTP/1.0\r\nHost: b\r\n\r\n", "GET /a"},
      {"an empty line first", "\r\nGET /a HTTP/1.1\r\nHost: b\r\n\r\n", "GET /a"},
      {"only an empty line", "\r\n", "…"},
      {"nothing", "", ""},
      {"a query", "GET /a?b=c%20d HTTP/1.1\r\nHost: b\r\n\r\n", "GET /a?b=c%20d"},
      {"asterisk form", "OPTIONS * HTTP/1.1\r\nHost: b\r\n\r\n", "OPTIONS *"},
      {"absolute form", "GET http://c:8000/d?e HTTP/1.1\r\nHost: b\r\n\r\n", "GET http://c:8000/d?e"},
      {"an unknown method", "BREW / HTTP/1.1\r\nHost: b\r\n\r\n", "BREW /"},
      {"an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET /"},
      {"an IPv6 Host", "GET / HTTP/1.1\r\nHost: [::1]:8000\r\n\r\n", "GET /"},
      {"odd but lawful fields", get("!#$%&'*+-.^_`|~09aZ: \t x\ty \xff \t\r\nEmpty:\r\n"), "GET /"},
      {"cut short", "GET / HTTP/1.1\r\nHost: a\r\n", "…"},
  };
  expect_all(vectors);
}

TEST(RequestReader, ReadsSizedBodies) {
  const Vector vectors[] = {
      {"five bytes", post("Content-Length: 5\r\n", "hello"), "POST /x hello"},
      {"none", post("Content-Length: 0\r\n", ""), "POST /x"},
      {"leading zeros", post("Content-Length: 005\r\n", "hello"), "POST /x hello"},
      {"on GET", get("Content-Length: 2\r\n") + "hi", "GET / hi"},
      {"in 1.0", "POST /x HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi", "POST /x hi"},
      {"cut short", post("Content-Length: 5\r\n", "hel"), "POST /x hel …"},
  };
  expect_all(vectors);
}

TEST(RequestReader, ReadsChunkedBodies) {
  const Vector vectors[] = {
      {"two chunks", chunked("5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"), "POST /x hello!"},
      {"none", chunked("0\r\n\r\n"), "POST /x"},
      {"digits of both cases", chunked("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n"),
       "POST /x 01234567890123456789"},
      {"leading zeros", chunked("0005\r\nhello\r\n000\r\n\r\n"), "POST /x hello"},
      {"extensions", chunked("5;a=b;c=\"d e\"\r\nhello\r\n0;last\r\n\r\n"), "POST /x hello"},
      {"trailers", chunked("5\r\nhello\r\n0\r\nChecksum: 1\r\nContent-Length: 7\r\n\r\n"), "POST /x hello"},
      {"line ends as content", chunked("4\r\n\r\n\r\n\r\n0\r\n\r\n"), "POST /x \r\n\r\n"},
      {"the coding's name in capitals", post("Transfer-Encoding: CHUNKED\r\n", "2\r\nhi\r\n0\r\n\r\n"), "POST /x hi"},
      {"cut short", chunked("5\r\nhello\r\n0\r\n"), "POST /x hello …"},
  };
  expect_all(vectors);
}

TEST(RequestReader, LeavesTheNextRequestsToTheNextCall) {
  const std::string four = get("") + post("Content-Length: 2\r\n", "hi") + chunked("1\r\n!\r\n0\r\n\r\n") + get("");
  const Vector vectors[] = {
      {"four", four, "GET / · POST /x hi · POST /x ! · GET /"},
      {"one empty line between two", get("") + "\r\n" + get(""), "GET / · GET /"},
      {"and a bad one", get("") + "oops\r\n", "GET / · !400"},
      {"and half a one", get("") + "GET", "GET / …"},
  };
  expect_all(vectors);

  RequestReader reader(transcript_limits);
  const std::string two = get("") + get("");
  EXPECT_EQ(reader.read(two).consumed, two.size() / 2);
  const RequestReader::Step end = reader.read(std::string_view(two).substr(two.size() / 2));
  EXPECT_TRUE(std::holds_alternative<RequestReader::End>(end.event));
  EXPECT_EQ(end.consumed, 0u);
}

TEST(RequestReader, AnswersExpectations) {
  const Vector vectors[] = {
      {"100-continue", post("Content-Length: 2\r\nExpect: 100-Continue\r\n", "hi"), "POST /x hi"},
      {"another", post("Content-Length: 2\r\nExpect: a miracle\r\n", "hi"), "!417"},
      {"another beside it", post("Content-Length: 2\r\nExpect: 100-continue, more\r\n", "hi"), "!417"},
  };
  expect_all(vectors);
  EXPECT_TRUE(read_request(post("Content-Length: 2\r\nExpect: 100-Continue\r\n", "")).expects_continue);
  EXPECT_TRUE(read_request(chunked("").insert(16, "\r\nExpect: 100-continue")).expects_continue);
  EXPECT_FALSE(read_request(post("Content-Length: 0\r\nExpect: 100-continue\r\n", "")).expects_continue);
  EXPECT_FALSE(read_request(get("")).expects_continue);
  EXPECT_FALSE(read_request("POST / HTTP/1.0\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n").expects_continue);
}

TEST(RequestReader, KnowsWhetherTheConnectionStays) {
  const auto keeps = [](std::string_view version, std::string_view connection) {
    std::string head = std::string("GET / HTTP/").append(version).append("\r\nHost: a\r\n");
    if (!connection.empty()) head.append("Connection: ").append(connection).append("\r\n");
    return read_request(head + "\r\n").keep_alive;
  };
  EXPECT_TRUE(keeps("1.1", ""));
  EXPECT_TRUE(keeps("1.1", "keep-alive"));
  EXPECT_FALSE(keeps("1.1", "Close"));
  EXPECT_FALSE(keeps("1.1", "keep-alive, close"));
  EXPECT_FALSE(keeps("1.0", ""));
  EXPECT_TRUE(keeps("1.0", "Keep-Alive"));
  EXPECT_FALSE(keeps("1.0", "keep-alive, close"));
}

TEST(RequestReader, RecognisesAnUpgradeToWebSocket) {
  EXPECT_TRUE(read_request(get("Connection: Upgrade\r\nUpgrade: websocket\r\n")).upgrade_websocket);
  EXPECT_TRUE(read_request(get("Connection: keep-alive, upgrade\r\nUpgrade: h2c, WebSocket\r\n")).upgrade_websocket);
  EXPECT_FALSE(read_request(get("Connection: Upgrade\r\nUpgrade: h2c\r\n")).upgrade_websocket);
  EXPECT_FALSE(read_request(get("Upgrade: websocket\r\n")).upgrade_websocket);
  EXPECT_FALSE(read_request(get("Connection: upgrade\r\n")).upgrade_websocket);
  EXPECT_FALSE(read_request("GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n").upgrade_websocket);
}

TEST(RequestReader, FillsInTheRequest) {
  const Request request = read_request(
      "POST /topics/a%20b?last=2&after=1+1%26&flag HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n"
      "X-One:  a , b,\r\nx-one:c\r\n\r\n");
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/topics/a%20b?last=2&after=1+1%26&flag");
  EXPECT_EQ(request.path, "/topics/a%20b");
  EXPECT_EQ(request.parameter("last"), "2");
  EXPECT_EQ(request.parameter("after"), "1 1&");
  EXPECT_EQ(request.parameter("flag"), "");
  EXPECT_EQ(request.parameter("none"), std::nullopt);
  EXPECT_EQ(request.header("host"), "h");
  EXPECT_EQ(request.header("x-one"), "a , b,");
  EXPECT_EQ(request.header("none"), "");
  EXPECT_THAT(request.list("x-one"), testing::ElementsAre("a", "b", "c"));
  EXPECT_EQ(request.version_minor, 1);
  EXPECT_TRUE(request.has_body);
  EXPECT_EQ(request.content_length, 3u);
}

TEST(RequestReader, GivesARequestThatOutlivesItsBytesAndIsMoved) {
  std::string input = "GET /a HTTP/1.1\r\nHost: b\r\n\r\n";
  Request read = read_request(input);
  input.assign(input.size(), '!');
  const Request request = std::move(read);
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.target, "/a");
  EXPECT_EQ(request.path, "/a");
  EXPECT_EQ(request.header("host"), "b");
}

TEST(RequestReader, FindsATokenInAList) {
  const Request request = read_request("GET / HTTP/1.1\r\nHost: b\r\nX-One: a ,, BCD\r\nx-one:\te\t\r\n\r\n");
  for (const std::string_view token : {"a", "bcd", "e"}) EXPECT_TRUE(request.has_token("x-one", token)) << token;
  for (const std::string_view token : {"", "b", "bcde", "f"}) EXPECT_FALSE(request.has_token("x-one", token)) << token;
  EXPECT_FALSE(request.has_token("x-two", "a"));
}

TEST(RequestReader, PutsTheAuthorityOfAnAbsoluteTargetInPlaceOfHost) {
  const Request with_path = read_request("GET HTTP://c:1/d?e=f HTTP/1.1\r\nHost: b\r\n\r\n");
  EXPECT_EQ(with_path.path, "/d");
  EXPECT_EQ(with_path.parameter("e"), "f");
  EXPECT_EQ(with_path.header("host"), "c:1");
  const Request without_path = read_request("GET https://c?e=f HTTP/1.1\r\nHost: b\r\n\r\n");
  EXPECT_EQ(without_path.path, "/");
  EXPECT_EQ(without_path.parameter("e"), "f");
}

TEST(RequestReader, TakesABodyLimitWhenTheRouteIsKnown) {
  const std::string head = post("Content-Length: 900\r\n", "");
  RequestReader reader(transcript_limits);
  ASSERT_TRUE(std::holds_alternative<Request>(reader.read(head).event));
  reader.set_body_bytes_max(899);
  RequestReader::Step step = reader.read("");
  ASSERT_TRUE(std::holds_alternative<Refusal>(step.event));
  EXPECT_EQ(std::get<Refusal>(step.event).reason, Reason::body_too_large);

  Limits streamed = transcript_limits;
  RequestReader other(streamed);
  ASSERT_TRUE(std::holds_alternative<Request>(other.read(chunked("")).event));
  other.set_body_bytes_max(std::nullopt);
  step = other.read("ffffffffffff\r\nx");
  ASSERT_TRUE(std::holds_alternative<RequestReader::Piece>(step.event));
  EXPECT_EQ(std::get<RequestReader::Piece>(step.event).bytes, "x");
}

TEST(RequestReader, RepeatsItsRefusal) {
  RequestReader reader(transcript_limits);
  ASSERT_TRUE(std::holds_alternative<Refusal>(reader.read("oops\r\n").event));
  const RequestReader::Step again = reader.read(get(""));
  ASSERT_TRUE(std::holds_alternative<Refusal>(again.event));
  EXPECT_EQ(again.consumed, 0u);
  EXPECT_FALSE(reader.idle());
}

TEST(RequestReader, IsIdleUntilTheFirstByte) {
  RequestReader reader(transcript_limits);
  EXPECT_TRUE(reader.idle());
  ASSERT_TRUE(std::holds_alternative<RequestReader::NeedMore>(reader.read("").event));
  EXPECT_TRUE(reader.idle());
  ASSERT_TRUE(std::holds_alternative<RequestReader::NeedMore>(reader.read("G").event));
  EXPECT_FALSE(reader.idle());
}

TEST(RequestReader, SurvivesTheLargestHeadThatMayBe) {
  const Limits limits{.head_bytes_max = 1 << 20, .target_bytes_max = 1 << 20, .headers_max = 1 << 20};
  const std::string_view frame = "GET / HTTP/1.1\r\nHost: a\r\nA: \r\n\r\n";
  std::string input(frame);
  input.insert(input.size() - 4, std::string(head_bytes_ceiling - frame.size(), 'a'));
  const std::string_view fits[] = {input};
  EXPECT_EQ(read_all(fits, limits).text, "GET /");
  input.insert(input.size() - 4, "a");
  const std::string_view exceeds[] = {input};
  EXPECT_EQ(read_all(exceeds, limits).text, "!431");
}

}  // namespace
}  // namespace proto::http
