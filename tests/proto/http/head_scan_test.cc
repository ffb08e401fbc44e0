// SPDX-License-Identifier: Apache-2.0
// What a refused head is, request_reader_test.cc has in its tables; here is what the scan says of a good one.
#include "proto/http/head_scan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace proto::http {
namespace {

using Verdict = HeadScan::Verdict;

constexpr Limits limits{.head_bytes_max = 512, .target_bytes_max = 64, .headers_max = 8};

TEST(HeadScan, FindsTheEndOfTheHeadHoweverItGrows) {
  const std::string head = "\r\nPOST /a HTTP/1.0\r\nHost: b\r\nContent-Length: 12\r\n\r\n";
  const std::string stream = head + "GET / HTTP/1.1\r\n";
  for (std::size_t step = 1; step <= stream.size(); ++step) {
    HeadScan scan(limits);
    std::size_t given = 0;
    Verdict verdict = Verdict::need_more;
    while (verdict == Verdict::need_more && given < stream.size()) {
      given = std::min(given + step, stream.size());
      verdict = scan.scan(std::string_view(stream).substr(0, given));
      ASSERT_EQ(verdict == Verdict::done, given >= head.size()) << "step " << step;
    }
    ASSERT_EQ(verdict, Verdict::done) << scan.refusal().message;
    EXPECT_EQ(scan.length(), head.size());
    EXPECT_EQ(scan.begin(), 2u);
    EXPECT_EQ(scan.version_minor(), 0);
    EXPECT_EQ(scan.content_length(), 12u);
    EXPECT_FALSE(scan.chunked());
  }
}

TEST(HeadScan, LooksAtNoByteTwiceButThoseOfTheLineAtHand) {
  std::string head = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
  HeadScan scan(limits);
  ASSERT_EQ(scan.scan(head), Verdict::need_more);
  // Were the request line or Host looked at again, they would be refused.
  head.replace(0, 25, 25, '\x01');
  head += "y\r\n\r\n";
  EXPECT_EQ(scan.scan(head), Verdict::done);
}

// The scan does not lean on the parser behind it: it finds these by itself, and says which it is.
TEST(HeadScan, NamesWhatIsWrong) {
  struct {
    std::string_view head;
    std::string_view message;
  } const vectors[] = {
      {"\rXGET / HTTP/1.1\r\nHost: a\r\n\r\n", "carriage return without"},
      {"GET / HTTP/1.1\rXHost: a\r\n\r\n", "carriage return without"},
      {"GET / HTTP/1.1\r\nHost: a\rXB: c\r\n\r\n", "carriage return without"},
      {"GET / HTTP/1.1\r\nHost: a\r\n\rX", "carriage return without"},
      {"GET / HTTP/1.1\r\nHost: a\n", "line feed without"},
      {"GET / HTTP/1.1\r\nHost\n", "line feed without"},
      {"GET / HTTP/1.1\n", "line feed without"},
      {"GET / HTTP/1.1\r\nHost: a\r\n b\r\n", "folding"},
      {"GET / HTTP/1.1\r\nHost : a\r\n", "before the colon"},
      {"GET / HTTP/1.1\r\nHost\r\n", "without a colon"},
      {"GET / HTTP/1.1\r\n: a\r\n", "without a name"},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n", "more than one Host"},
      {"GET / HTTP/1.1\r\n\r\n", "without a Host"},
      {"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n", "more than one Content-Length"},
      {"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n", "together"},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n", "together"},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "more than one Transfer"},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n", "HTTP/1.0"},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n", "only transfer coding"},
      {"GET  / HTTP/1.1\r\n", "two spaces"},
      {"GET /\r\n", "no version"},
      {"CONNECT a:80 HTTP/1.1\r\n", "proxy"},
      {"\x16\x03\x01", "TLS"},
  };
  for (const auto& vector : vectors) {
    HeadScan scan(limits);
    EXPECT_EQ(scan.scan(vector.head), Verdict::refused) << vector.head;
    EXPECT_THAT(std::string(scan.refusal().message), testing::HasSubstr(std::string(vector.message))) << vector.head;
  }
}

TEST(HeadScan, StaysRefused) {
  HeadScan scan(limits);
  ASSERT_EQ(scan.scan("GET /\n"), Verdict::refused);
  EXPECT_EQ(scan.scan("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), Verdict::refused);
  EXPECT_EQ(scan.refusal().reason, Reason::bad_request);
}

TEST(HeadScan, SeesAChunkedBody) {
  HeadScan scan(limits);
  ASSERT_EQ(scan.scan("POST / HTTP/1.1\r\nhOST: a\r\ntransfer-ENCODING: \t chunked \t\r\n\r\n"), Verdict::done);
  EXPECT_TRUE(scan.chunked());
  EXPECT_EQ(scan.content_length(), std::nullopt);
}

TEST(HeadScan, LetsNothingPassWithoutLimits) {
  const Limits none;
  HeadScan scan(none);
  EXPECT_EQ(scan.scan("G"), Verdict::refused);
  EXPECT_EQ(scan.refusal().reason, Reason::head_too_large);
}

TEST(HeadScan, PutsTheTargetsLengthBeforeTheHeads) {
  const Limits tight{.head_bytes_max = 20, .target_bytes_max = 10, .headers_max = 8};
  HeadScan scan(tight);
  EXPECT_EQ(scan.scan("GET /" + std::string(100, 'a')), Verdict::refused);
  EXPECT_EQ(scan.refusal().reason, Reason::target_too_long);
}

}  // namespace
}  // namespace proto::http
