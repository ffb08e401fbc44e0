// SPDX-License-Identifier: Apache-2.0
#include "proto/http/accept_encoding.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace proto::http {
namespace {

bool accepts(const std::vector<std::string_view>& lines) {
  Request request;
  for (const std::string_view line : lines) request.headers.emplace_back("accept-encoding", line);
  return accepts_gzip(request);
}

TEST(AcceptEncoding, TakesGzipWhereItIsWanted) {
  for (const std::string_view line :
       {"gzip", "GZIP", "x-gzip", "gzip, deflate, br, zstd", "br,gzip", "deflate , gzip", "gzip;q=1", "gzip;q=1.000",
        "gzip; q=0.5", "gzip ; q=0.001", "gzip;Q=0.1", "*", "*;q=0.1", "identity;q=0, *", "*;q=0, gzip"}) {
    EXPECT_TRUE(accepts({line})) << line;
  }
}

TEST(AcceptEncoding, LeavesItWhereItIsNot) {
  for (const std::string_view line : {"",
                                      "br",
                                      "identity",
                                      "gzip;q=0",
                                      "gzip;q=0.0",
                                      "gzip;q=0.000",
                                      "gzip; q=0, br",
                                      "gzip;q=0, *",
                                      "*;q=0",
                                      "gzipped",
                                      "xgzip",
                                      "gzip;q",
                                      "gzip;q=",
                                      "gzip;q=x",
                                      "gzip;q=.5",
                                      "gzip;q=-1",
                                      "gzip;level=9",
                                      ";q=1",
                                      ";;;",
                                      ",,,"}) {
    EXPECT_FALSE(accepts({line})) << line;
  }
  EXPECT_FALSE(accepts({}));
}

TEST(AcceptEncoding, ReadsAllOfItsLines) {
  EXPECT_TRUE(accepts({"br", "gzip"}));
  EXPECT_FALSE(accepts({"*", "gzip;q=0"}));
}

}  // namespace
}  // namespace proto::http
