// SPDX-License-Identifier: Apache-2.0
// What a RequestReader refuses, and how. Every vector is read in one piece, cut in two at each byte, and byte by byte.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "proto/http/request_reader.h"
#include "request_vectors.h"

namespace proto::http {
namespace {

using testing::HasSubstr;

// What Boost.Beast 1.74 lets through, or does not tell apart: somebody in front of us may read each differently.
TEST(RequestRefusals, RefusesWhatCouldSmuggleARequest) {
  const std::string hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";
  const Vector vectors[] = {
      {"gzip", post("Transfer-Encoding: gzip\r\n", hidden), "!501"},
      {"xchunked", post("Transfer-Encoding: xchunked\r\n", hidden), "!501"},
      {"chunked, gzip", post("Transfer-Encoding: chunked, gzip\r\n", hidden), "!501"},
      {"gzip, chunked", post("Transfer-Encoding: gzip, chunked\r\n", hidden), "!501"},
      {"identity", post("Transfer-Encoding: identity\r\n", hidden), "!501"},
      {"an empty coding", post("Transfer-Encoding:\r\n", hidden), "!501"},
      {"chunked with a vertical tab",
       post("Transfer-Encoding: \x0b"
            "chunked\r\n",
            hidden),
       "!400"},
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
      {"a bare carriage return as a line's end", get("A: b\rXC: d\r\n"), "!400"},
      {"a bare carriage return at the end", "GET / HTTP/1.1\r\nHost: a\r\n\rX", "!400"},
      {"a bare carriage return behind the request line", "GET / HTTP/1.1\rHost: a\r\n\r\n", "!400"},
      {"a Connection that is no list", get("Connection: a b\r\n"), "!400"},
      {"a POST without a length", post("", ""), "!411"},
      {"a POST without a length in 1.0", "POST /x HTTP/1.0\r\n\r\nhi", "!411"},
  };
  expect_all(vectors);
}

TEST(RequestRefusals, RefusesBadChunks) {
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
      {"ended by something else", chunked("5\r\nhelloXY0\r\n\r\n"), "POST /x hello · !400"},
      {"ended by half a line end", chunked("5\r\nhello\rX0\r\n\r\n"), "POST /x hello · !400"},
      {"ended by a bare line feed", chunked("5\r\nhello\n0\r\n\r\n"), "POST /x hello · !400"},
      {"shorter than said", chunked("6\r\nhello\r\n0\r\n\r\n"), "POST /x hello\r · !400"},
      {"a folded trailer", chunked("0\r\nA: b\r\n c\r\n\r\n"), "POST /x · !400"},
      {"a trailer without a colon", chunked("0\r\nA\r\n\r\n"), "POST /x · !400"},
      {"a trailer with a bare line feed", chunked("0\r\nA: b\n\r\n"), "POST /x · !400"},
      {"a trailer with a bare carriage return", chunked("0\r\nA: b\rXB: c\r\n\r\n"), "POST /x · !400"},
      {"trailers that end in a bare carriage return", chunked("0\r\n\rX"), "POST /x · !400"},
      {"a request where trailers should be", chunked("0\r\nGET / HTTP/1.1\r\n\r\n"), "POST /x · !400"},
      {"20 KB of extension", chunked("5;" + std::string(20'000, 'a')), "POST /x · !400"},
      {"20 KB of one trailer", chunked("0\r\nA: " + std::string(20'000, 'a')), "POST /x · !431"},
  };
  expect_all(vectors);
}

TEST(RequestRefusals, TellsWhatIsTooLargeApart) {
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

TEST(RequestRefusals, RefusesBadRequestLinesAtTheFirstWrongByte) {
  // None of these has the end of its head, most not even the end of its line: the refusal does not wait for it.
  const Vector vectors[] = {
      {"garbage", "\x01", "!400"},
      {"NUL", std::string(1, '\0'), "!400"},
      {"a space first", " GET", "!400"},
      {"a line feed first", "\n", "!400"},
      {"a bare carriage return first", "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", "!400"},
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

TEST(RequestRefusals, FindsTheWrongByteWhereverItStandsInAValue) {
  const std::string before = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
  for (std::size_t length = 0; length < 50; ++length) {
    const std::string plain = std::string(length, '\t') + "\x80\xff~ ";
    const std::string fill(48 - std::min<std::size_t>(length, 48), 'x');
    for (const char wrong : {'\0', '\n', '\x1f', '\x7f'}) {
      const std::string head = before + plain + wrong + fill + "\r\n\r\n";
      HeadScan scan(transcript_limits);
      ASSERT_EQ(scan.scan(head), HeadScan::Verdict::refused) << length;
      EXPECT_EQ(scan.length(), before.size() + plain.size()) << "the first wrong byte";
    }
    const std::string head = before + plain + fill + "\r\n\r\n";
    HeadScan scan(transcript_limits);
    EXPECT_EQ(scan.scan(head), HeadScan::Verdict::done) << length;
  }
}

TEST(RequestRefusals, TellsAClientThatSpeaksTlsSo) {
  const std::string_view hello[] = {std::string_view("\x16\x03\x01\x02\x00\x01", 6)};
  const Transcript transcript = read_all(hello);
  EXPECT_EQ(transcript.text, "!400");
  EXPECT_THAT(transcript.message, HasSubstr("TLS"));
  expect_at_every_cut({"TLS", "\x16\x03\x01", "!400"});
  expect_at_every_cut({"not TLS", "\x16\x04\x01", "!400"});
}

}  // namespace
}  // namespace proto::http
