// SPDX-License-Identifier: Apache-2.0
#include "proto/files/dialect.h"

#include <gtest/gtest.h>

#include "fake_host.h"
#include "proto/http/request.h"

namespace proto::files {
namespace {

http::Request get(std::string_view path) {
  http::Request request;
  request.method = "GET";
  request.path = path;
  return request;
}

const FilesDialect& two_files() {
  static const FilesDialect dialect({{"/", "text/html; charset=utf-8", "<p>hi"}, {"/kodama.js", "text/javascript", "let x"}});
  return dialect;
}

TEST(FilesDialect, HasARouteForEachFile) {
  const std::span<const Route> routes = two_files().routes();
  ASSERT_EQ(routes.size(), 2u);
  EXPECT_EQ(routes[0].path, "/");
  EXPECT_EQ(routes[1].path, "/kodama.js");
  for (const Route& route : routes) {
    EXPECT_EQ(route.method, "GET");
    EXPECT_FALSE(route.publishes);
  }
}

TEST(FilesDialect, AnswersWithTheFileOnceTheRequestHasEnded) {
  auto opened = two_files().open_http(get("/kodama.js"), {});
  auto& session = *std::get<std::unique_ptr<HttpSession>>(opened);
  fakes::FakeHost host;
  session.on_request(host);
  EXPECT_TRUE(host.responses.empty());
  session.on_body_end(host);
  ASSERT_EQ(host.responses.size(), 1u);
  EXPECT_EQ(host.responses[0], (fakes::FakeHost::Responded{200, "text/javascript", "let x"}));
}

TEST(FilesDialect, KnowsNoOtherPath) {
  const auto opened = two_files().open_http(get("/etc/passwd"), {});
  EXPECT_EQ(std::get<Error>(opened).status, 404);
}

}  // namespace
}  // namespace proto::files
