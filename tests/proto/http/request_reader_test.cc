// SPDX-License-Identifier: Apache-2.0
// Every vector is read in one piece, cut in two at each byte, and byte by byte; all must agree.
#include "proto/http/request_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "request_transcript.h"

namespace proto::http {
namespace {

using testing::HasSubstr;

struct Vector {
  std::string_view name;
  std::string input;
  std::string_view expected;
};

void expect_at_every_cut(const Vector& vector, const Limits& limits = transcript_limits) {
  SCOPED_TRACE(vector.name);
  const std::string_view whole[] = {vector.input};
  const Transcript reference = read_all(whole, limits);
  EXPECT_EQ(reference.text, vector.expected) << reference.message;
  EXPECT_FALSE(reference.broke_promise);
  for (std::size_t at = 0; at <= vector.input.size(); ++at) {
    ASSERT_EQ(read_cut_in_two(vector.input, at, limits), reference) << "cut at " << at;
  }
  ASSERT_EQ(read_byte_by_byte(vector.input, limits), reference) << "byte by byte";
}

void expect_all(std::span<const Vector> vectors) {
  for (const Vector& vector : vectors) expect_at_every_cut(vector);
}

std::string get(std::string_view headers) {
  return std::string("GET / HTTP/1.1\r\nHost: a\r\n").append(headers).append("\r\n");
}

std::string post(std::string_view headers, std::string_view body) {
  return std::string("POST /x HTTP/1.1\r\nHost: a\r\n").append(headers).append("\r\n").append(body);
}

std::string chunked(std::string_view body) { return post("Transfer-Encoding: chunked\r\n", body); }

Request read_request(std::string_view input) {
  RequestReader reader(transcript_limits);
  RequestReader::Step step = reader.read(input);
  if (Request* request = std::get_if<Request>(&step.event)) return *request;
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
      {"digits of both cases", chunked("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n"), "POST /x 01234567890123456789"},
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

// What Boost.Beast 1.74 lets through, or does not tell apart: each would be read differently by somebody in front of us.
TEST(RequestReader, RefusesWhatCouldSmuggleARequest) {
  const std::string hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";
  const Vector vectors[] = {
      {"gzip", post("Transfer-Encoding: gzip\r\n", hidden), "!501"},
      {"xchunked", post("Transfer-Encoding: xchunked\r\n", hidden), "!501"},
      {"chunked, gzip", post("Transfer-Encoding: chunked, gzip\r\n", hidden), "!501"},
      {"gzip, chunked", post("Transfer-Encoding: gzip, chunked\r\n", hidden), "!501"},
      {"identity", post("Transfer-Encoding: identity\r\n", hidden), "!501"},
      {"an empty coding", post("Transfer-Encoding:\r\n", hidden), "!501"},
      {"chunked with a vertical tab", post("Transfer-Encoding: \x0b" "chunked\r\n", hidden), "!400"},
      {"chunked twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", hidden), "!400"},
      {"chunked, then identity", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", hidden), "!400"},
      {"chunked in 1.0", "POST /x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "!400"},
      {"length and coding", post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), "!400"},
      {"coding and length", post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n"), "!400"},
      {"two lengths", post("Content-Length: 2\r\nContent-Length: 3\r\n", "hi"), "!400"},
      {"two equal lengths", post("Content-Length: 2\r\nContent-Length: 2\r\n", "hi"), "!400"},
      {"a list of lengths", post("Content-Length: 2, 2\r\n", "hi"), "!400"},
      {"a folded length", post("Content-Length: 0\r\n 2\r\n", "hi"), "!400"},
      {"a signed length", post("Content-Length: +2\r\n", "hi"), "!400"},
      {"a negative length", post("Content-Length: -2\r\n", "hi"), "!400"},
      {"a hexadecimal length", post("Content-Length: 0x2\r\n", "hi"), "!400"},
      {"a length with a space", post("Content-Length: 2 0\r\n", "hi"), "!400"},
      {"an empty length", post("Content-Length:\r\n", "hi"), "!400"},
      {"a length beyond 64 bits", post("Content-Length: 18446744073709551617\r\n", "h"), "!400"},
      {"a length with white space before the colon", post("Content-Length : 2\r\n", "hi"), "!400"},
      {"two Hosts", get("Host: b\r\n"), "!400"},
      {"two equal Hosts", get("host: a\r\n"), "!400"},
      {"two Hosts in 1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", "!400"},
      {"no Host", "GET / HTTP/1.1\r\n\r\n", "!400"},
      {"a Host that is a list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", "!400"},
      {"a Host with a user", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", "!400"},
      {"a Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "!400"},
      {"a folded header", get("A: b\r\n c\r\n"), "!400"},
      {"a folded header, with a tab", get("A: b\r\n\tc\r\n"), "!400"},
      {"a fold behind the request line", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", "!400"},
      {"a space before the colon", get("A : b\r\n"), "!400"},
      {"no colon", get("A\r\n"), "!400"},
      {"no name", get(": b\r\n"), "!400"},
      {"a name with a space", get("A b: c\r\n"), "!400"},
      {"a name with a bracket", get("A[: c\r\n"), "!400"},
      {"a name beyond ASCII", get("\xc3\xa4: c\r\n"), "!400"},
      {"NUL in a value", get(std::string("A: b\0c\r\n", 8)), "!400"},
      {"NUL in a name", get(std::string("A\0: c\r\n", 7)), "!400"},
      {"DEL in a value", get("A: \x7f\r\n"), "!400"},
      {"escape in a value", get("A: \x1b[1m\r\n"), "!400"},
      {"a bare line feed behind a value", get("A: b\nC: d\r\n"), "!400"},
      {"a bare line feed at the end", "GET / HTTP/1.1\r\nHost: a\r\n\n", "!400"},
      {"a bare line feed behind the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", "!400"},
      {"bare line feeds only", "GET / HTTP/1.1\nHost: a\n\n", "!400"},
      {"a bare carriage return in a value", get("A: b\rC: d\r\n"), "!400"},
      {"a bare carriage return at the end", "GET / HTTP/1.1\r\nHost: a\r\n\rX", "!400"},
      {"a bare carriage return behind the request line", "GET / HTTP/1.1\rHost: a\r\n\r\n", "!400"},
      {"a Connection that is no list", get("Connection: a b\r\n"), "!400"},
      {"a POST without a length", post("", ""), "!411"},
      {"a POST without a length in 1.0", "POST /x HTTP/1.0\r\n\r\nhi", "!411"},
  };
  expect_all(vectors);
}

TEST(RequestReader, RefusesBadChunks) {
  const Vector vectors[] = {
      {"no size", chunked("\r\n"), "POST /x · !400"},
      {"a prefix", chunked("0x5\r\nhello\r\n0\r\n\r\n"), "POST /x · !400"},
      {"a sign", chunked("+5\r\nhello\r\n0\r\n\r\n"), "POST /x · !400"},
      {"a minus", chunked("-5\r\nhello\r\n0\r\n\r\n"), "POST /x · !400"},
      {"a space before", chunked(" 5\r\nhello\r\n0\r\n\r\n"), "POST /x · !400"},
      {"a space behind", chunked("5 \r\nhello\r\n0\r\n\r\n"), "POST /x · !400"},
      {"an underscore", chunked("1_0\r\nhello\r\n0\r\n\r\n"), "POST /x · !400"},
      {"an extension only", chunked(";a\r\n"), "POST /x · !400"},
      {"beyond 64 bits", chunked("10000000000000000\r\n"), "POST /x · !400"},
      {"the last of 64 bits", chunked("ffffffffffffffff\r\n"), "POST /x · !413"},
      {"a bare line feed", chunked("5\nhello\r\n0\r\n\r\n"), "POST /x · !400"},
      {"a bare carriage return", chunked("5\rhello\r\n0\r\n\r\n"), "POST /x · !400"},
      {"a bare line feed in an extension", chunked("5;a\nhello\r\n0\r\n\r\n"), "POST /x · !400"},
      {"a control character in an extension", chunked("5;\x01\r\nhello\r\n0\r\n\r\n"), "POST /x · !400"},
      {"longer than said", chunked("4\r\nhello\r\n0\r\n\r\n"), "POST /x hell · !400"},
      {"ended by a bare line feed", chunked("5\r\nhello\n0\r\n\r\n"), "POST /x hello · !400"},
      {"shorter than said", chunked("6\r\nhello\r\n0\r\n\r\n"), "POST /x hello\r · !400"},
      {"a folded trailer", chunked("0\r\nA: b\r\n c\r\n\r\n"), "POST /x · !400"},
      {"a trailer without a colon", chunked("0\r\nA\r\n\r\n"), "POST /x · !400"},
      {"a trailer with a bare line feed", chunked("0\r\nA: b\n\r\n"), "POST /x · !400"},
      {"a request where trailers should be", chunked("0\r\nGET / HTTP/1.1\r\n\r\n"), "POST /x · !400"},
      {"20 KB of extension", chunked("5;" + std::string(20'000, 'a')), "POST /x · !400"},
      {"20 KB of one trailer", chunked("0\r\nA: " + std::string(20'000, 'a')), "POST /x · !431"},
  };
  expect_all(vectors);
}

TEST(RequestReader, TellsWhatIsTooLargeApart) {
  const Limits limits{.head_bytes_max = 100,
                      .target_bytes_max = 10,
                      .headers_max = 3,
                      .chunk_line_bytes_max = 8,
                      .trailer_bytes_max = 8,
                      .body_bytes_max = 6};
  const auto request = [](std::string_view target, std::string_view fields) {
    return std::string("GET ").append(target).append(" HTTP/1.1\r\nHost: a\r\n").append(fields).append("\r\n");
  };
  const auto post_chunks = [](std::string_view body) {
    return std::string("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").append(body);
  };
  const std::string fill(100 - request("/", "A: \r\n").size(), 'a');
  const Vector vectors[] = {
      {"a target that just fits", request("/123456789", ""), "GET /123456789"},
      {"a target that does not", request("/1234567890", ""), "!414"},
      {"a target without an end", "GET /" + std::string(500, 'a'), "!414"},
      {"a head that just fits", request("/", "A: " + fill + "\r\n"), "GET /"},
      {"a head that does not", request("/", "A: " + fill + "a\r\n"), "!431"},
      {"a head without an end", "GET / HTTP/1.1\r\nHost: a\r\nA: " + std::string(500, 'a'), "!431"},
      {"as many headers as may be", request("/", "A: 1\r\nB: 2\r\n"), "GET /"},
      {"one more", request("/", "A: 1\r\nB: 2\r\nC: 3\r\n"), "!431"},
      {"a long method", std::string(33, 'A') + " / HTTP/1.1\r\n", "!501"},
      {"a body that just fits", "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n123456", "POST /x 123456"},
      {"a length beyond the limit", "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n", "!413"},
      {"chunks that just fit", post_chunks("3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"), "POST /x abcdef"},
      {"a chunk too many", post_chunks("3\r\nabc\r\n4\r\n"), "POST /x abc · !413"},
      {"a size line that just fits", post_chunks("1;abcdef\r\na\r\n0\r\n\r\n"), "POST /x a"},
      {"a size line that does not", post_chunks("1;abcdefg"), "POST /x · !400"},
      {"a size of nothing but zeros", post_chunks("000000000"), "POST /x · !400"},
      {"trailers that just fit", post_chunks("0\r\nA: b\r\n\r\n"), "POST /x"},
      {"trailers that do not", post_chunks("0\r\nA: bc\r\n\r\n"), "POST /x · !431"},
  };
  for (const Vector& vector : vectors) expect_at_every_cut(vector, limits);
}

TEST(RequestReader, RefusesBadRequestLinesAtTheFirstWrongByte) {
  // None of these has the end of its head, most not even the end of its line: the refusal does not wait for it.
  const Vector vectors[] = {
      {"garbage", "\x01", "!400"},
      {"NUL", std::string(1, '\0'), "!400"},
      {"a space first", " GET", "!400"},
      {"a line feed first", "\n", "!400"},
      {"two empty lines", "\r\n\r", "!400"},
      {"a tab behind the method", "GET\t", "!400"},
      {"a line without a target", "GET\r", "!400"},
      {"two spaces", "GET  ", "!400"},
      {"two spaces before the version", "GET /  ", "!400"},
      {"no version", "GET /\r", "!400"},
      {"a space in the target", "GET /a b", "!400"},
      {"a byte beyond ASCII in the target", "GET /\xc3", "!400"},
      {"a control character in the target", "GET /\x07", "!400"},
      {"a fragment", "GET /a#", "!400"},
      {"an authority", "GET example.com:80", "!400"},
      {"CONNECT", "CONNECT ", "!400"},
      {"another word for the version", "GET / HTTX", "!400"},
      {"a version in lower case", "GET / h", "!400"},
      {"a version without a dot", "GET / HTTP/1\r", "!400"},
      {"a version with two digits", "GET / HTTP/1.10", "!400"},
      {"a space behind the version", "GET / HTTP/1.1 ", "!400"},
      {"a line feed behind the version", "GET / HTTP/1.1\n", "!400"},
      {"HTTP/0.9", "GET / HTTP/0.9\r", "!505"},
      {"HTTP/1.2", "GET / HTTP/1.2\r", "!505"},
      {"HTTP/2.0", "GET / HTTP/2.0\r", "!505"},
      {"HTTP/2's preface", "PRI * HTTP/2.0\r", "!505"},
      {"'*' with GET", "GET * HTTP/1.1\r", "!400"},
      {"'*' and more", "OPTIONS *a HTTP/1.1\r", "!400"},
      {"another scheme", "GET htp://a/ HTTP/1.1\r", "!400"},
      {"a URL without a host", "GET http:///a HTTP/1.1\r", "!400"},
      {"a URL with a user", "GET http://u@a/ HTTP/1.1\r", "!400"},
      {"a broken escape in the path", "GET /%2 HTTP/1.1\r\nHost: a\r\n\r\n", "!400"},
      {"a broken escape in the query", "GET /?a=%zz HTTP/1.1\r\nHost: a\r\n\r\n", "!400"},
  };
  expect_all(vectors);
}

TEST(RequestReader, TellsAClientThatSpeaksTlsSo) {
  const std::string_view hello[] = {std::string_view("\x16\x03\x01\x02\x00\x01", 6)};
  const Transcript transcript = read_all(hello);
  EXPECT_EQ(transcript.text, "!400");
  EXPECT_THAT(transcript.message, HasSubstr("TLS"));
  expect_at_every_cut({"TLS", "\x16\x03\x01", "!400"});
  expect_at_every_cut({"not TLS", "\x16\x04\x01", "!400"});
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
  reader.reset();
  EXPECT_TRUE(reader.idle());
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
