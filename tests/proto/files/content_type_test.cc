// SPDX-License-Identifier: Apache-2.0
#include "proto/files/content_type.h"

#include <gtest/gtest.h>

namespace proto::files {
namespace {

TEST(ContentType, GoesByWhatStandsBehindTheLastDot) {
  struct {
    std::string_view name;
    std::string_view type;
  } const vectors[] = {
      {"/index.html", "text/html; charset=utf-8"},
      {"/a.b/script.JS", "text/javascript; charset=utf-8"},
      {"/module.mjs", "text/javascript; charset=utf-8"},
      {"/jquery.min.css", "text/css; charset=utf-8"},
      {"/script.js.map", "application/json"},
      {"/favicon.ico", "image/vnd.microsoft.icon"},
      {"font.woff2", "font/woff2"},
      {"/page.html.orig", "application/octet-stream"},
      {"/a.html/LICENSE", "application/octet-stream"},
      {"/html", "application/octet-stream"},
      {"/ends.", "application/octet-stream"},
      {"", "application/octet-stream"},
  };
  for (const auto& vector : vectors) EXPECT_EQ(content_type(vector.name), vector.type) << vector.name;
}

}  // namespace
}  // namespace proto::files
