// SPDX-License-Identifier: Apache-2.0
#include "proto/http/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "fake_dialect.h"

namespace proto::http {
namespace {

using fakes::FakeDialect;
using fakes::request;
using fakes::upgrade;
using testing::HasSubstr;
using testing::Not;
using Kind = Match::Kind;
using Transport = Route::Transport;

class RouterTest : public testing::Test {
 protected:
  Match match(Request r) const { return router.match(r); }

  const FakeDialect raw{"raw", {{Transport::websocket, "GET", "/topics/{topic}", "one topic as it is"}}};
  const FakeDialect rest{"rest",
                         {{Transport::http, "POST", "/topics/{topic}", "publish"},
                          {Transport::http, "GET", "/topics/{topic}", "read"},
                          {Transport::http, "POST", "/publish", "publish many"}}};
  const FakeDialect native{"native", {{Transport::websocket, "GET", "/ws", "many topics"}}, {"kodama.v1.json"}};
  const FakeDialect other{"other", {{Transport::websocket, "GET", "/ws", "others"}}, {"wamp.2.json", "mqtt"}};
  const std::array<const Dialect*, 4> dialects{&raw, &rest, &native, &other};
  const std::array<Route, 1> own{{{Transport::http, "GET", "/", "a \"page\""}}};
  const Router router{dialects, own};
};

TEST(Router, TakesThePathThatSaysMore) {
  const std::array<Route, 4> routes{{{Transport::http, "GET", "/a/{topic}", "any"},
                                     {Transport::http, "GET", "/a/b/{topic}", "below b"},
                                     {Transport::http, "GET", "/a/b/c", "spelled out"},
                                     {Transport::http, "GET", "/a/", "the folder"}}};
  const Router router({}, routes);
  const auto summary = [&router](std::string_view path) {
    Request request;
    request.method = "GET";
    request.path = path;
    return std::pair(router.match(request).route->summary, request.topic);
  };
  EXPECT_EQ(summary("/a/x"), std::pair(std::string_view("any"), std::string("x")));
  EXPECT_EQ(summary("/a/b/x"), std::pair(std::string_view("below b"), std::string("x")));
  EXPECT_EQ(summary("/a/b/c"), std::pair(std::string_view("spelled out"), std::string()));
  EXPECT_EQ(summary("/a/"), std::pair(std::string_view("the folder"), std::string()));
}

class FileDialect final : public Dialect {
 public:
  std::string_view name() const override { return "files"; }
  std::span<const Route> routes() const override { return routes_; }
  bool has_file(std::string_view path) const override {
    return path == "/a" || path == "/topics/a" || path == "/publish" || path == "/a%20b";
  }

 private:
  const std::array<Route, 1> routes_{{{Transport::http, "GET", "/{file}", "a file"}}};
};

TEST_F(RouterTest, AsksForAFileWhereThereIsNoOtherRoute) {
  const FileDialect files;
  const std::array<const Dialect*, 2> both{&files, &rest};
  const Router with_files(both);
  struct {
    std::string_view method;
    std::string_view path;
    Kind kind;
    std::string_view summary;
  } const vectors[] = {
      {"GET", "/a", Kind::found, "a file"},
      {"GET", "/a%20b", Kind::found, "a file"},
      {"HEAD", "/a", Kind::found, "a file"},
      {"GET", "/topics/a", Kind::found, "read"},
      {"GET", "/topics/b", Kind::found, "read"},
      {"POST", "/publish", Kind::found, "publish many"},
      {"GET", "/publish", Kind::method_not_allowed, ""},
      {"POST", "/a", Kind::method_not_allowed, ""},
      {"OPTIONS", "/a", Kind::options, ""},
      {"GET", "/b", Kind::not_found, ""},
      {"POST", "/b", Kind::not_found, ""},
      {"OPTIONS", "/b", Kind::not_found, ""},
      {"GET", "/{file}", Kind::not_found, ""},
      {"GET", "", Kind::not_found, ""},
  };
  for (const auto& vector : vectors) {
    Request asked = request(vector.method, vector.path);
    const Match match = with_files.match(asked);
    EXPECT_EQ(match.kind, vector.kind) << vector.method << vector.path;
    if (vector.kind == Kind::found) {
      EXPECT_EQ(match.route->summary, vector.summary) << vector.path;
    }
  }
  EXPECT_THAT(std::string(with_files.not_found_body()), HasSubstr("/{file}"));
}

TEST_F(RouterTest, FindsARouteByPathAndMethod) {
  const Match publish = match(request("POST", "/publish"));
  EXPECT_EQ(publish.kind, Kind::found);
  EXPECT_EQ(publish.dialect, &rest);
  EXPECT_EQ(publish.route->summary, "publish many");
  EXPECT_FALSE(publish.websocket());
  EXPECT_EQ(publish.status(), 0);
  EXPECT_EQ(match(request("POST", "/topics/a")).route->summary, "publish");
  EXPECT_EQ(match(request("GET", "/topics/a")).route->summary, "read");
}

TEST_F(RouterTest, FindsTheCallersOwnRoutesWithoutADialect) {
  const Match page = match(request("GET", "/"));
  EXPECT_EQ(page.kind, Kind::found);
  EXPECT_EQ(page.dialect, nullptr);
  EXPECT_EQ(page.route, own.data());
  EXPECT_EQ(match(request("POST", "/")).kind, Kind::method_not_allowed);
}

TEST_F(RouterTest, DecodesTheTopicOfThePath) {
  struct {
    std::string_view path;
    std::string_view topic;
  } const vectors[] = {
      {"/topics/a", "a"},
      {"/topics/chat%20message", "chat message"},
      {"/topics/a/b", "a/b"},
      {"/topics/a%2Fb", "a/b"},
      {"/topics/a+b", "a+b"},
      {"/topics/%2525", "%25"},
      {"/topics/%C3%A4", "ä"},
      {"/topics/a/", "a/"},
      {"/topics/{topic}", "{topic}"},
  };
  for (const auto& vector : vectors) {
    Request r = request("POST", vector.path);
    EXPECT_EQ(router.match(r).kind, Kind::found) << vector.path;
    EXPECT_EQ(r.topic, vector.topic) << vector.path;
  }
}

TEST_F(RouterTest, RefusesBadTopics) {
  const std::string long_topic = "/topics/" + std::string(256, 'a');
  for (const std::string_view path :
       {std::string_view("/topics/"), std::string_view("/topics/%00"), std::string_view("/topics/a%0A"),
        std::string_view("/topics/%ff"), std::string_view("/topics/%2"), std::string_view(long_topic)}) {
    Request requests[] = {request("POST", path), upgrade(path)};
    for (Request& r : requests) {
      const Match match = router.match(r);
      EXPECT_EQ(match.kind, Kind::bad_topic) << path;
      EXPECT_EQ(match.status(), 400);
      EXPECT_FALSE(match.message.empty());
      EXPECT_EQ(r.topic, "");
    }
  }
}

TEST_F(RouterTest, KnowsNoOtherPath) {
  for (const std::string_view path : {"/nothing", "/topics", "/publish/", "/Publish", "/pub%6Cish", "/ws/", "//"}) {
    const Match match = this->match(request("GET", path));
    EXPECT_EQ(match.kind, Kind::not_found) << path;
    EXPECT_EQ(match.status(), 404);
    EXPECT_EQ(match.reason(), Reason::not_found);
  }
}

TEST_F(RouterTest, ListsWhatThereIs) {
  EXPECT_EQ(router.not_found_body(),
            R"({"error":{"code":404,"message":"nothing is at this path; what there is stands in routes"},"routes":[)"
            R"(
{"method":"GET","path":"/","summary":"a \"page\""},
{"method":"WebSocket","path":"/topics/{topic}","summary":"one topic as it is"},
{"method":"POST","path":"/topics/{topic}","summary":"publish"},
{"method":"GET","path":"/topics/{topic}","summary":"read"},
{"method":"POST","path":"/publish","summary":"publish many"},
{"method":"WebSocket","path":"/ws","summary":"many topics"},
{"method":"WebSocket","path":"/ws","summary":"others"}
]})");
}

TEST_F(RouterTest, NamesTheMethodsThatAPathTakes) {
  const Match topic = match(request("DELETE", "/topics/a"));
  EXPECT_EQ(topic.kind, Kind::method_not_allowed);
  EXPECT_EQ(topic.status(), 405);
  EXPECT_EQ(topic.headers, "Allow: GET, POST, HEAD, OPTIONS\r\n");
  EXPECT_EQ(match(request("GET", "/publish")).headers, "Allow: POST, OPTIONS\r\n");
  EXPECT_EQ(match(request("HEAD", "/publish")).kind, Kind::method_not_allowed);
  EXPECT_EQ(match(request("get", "/")).headers, "Allow: GET, HEAD, OPTIONS\r\n");
  EXPECT_EQ(match(request("POST", "/ws")).headers, "Allow: GET, OPTIONS\r\n");
}

TEST_F(RouterTest, AnswersOptions) {
  const Match publish = match(request("OPTIONS", "/publish"));
  EXPECT_EQ(publish.kind, Kind::options);
  EXPECT_EQ(publish.status(), 204);
  EXPECT_EQ(publish.headers, "Allow: POST, OPTIONS\r\n");
  EXPECT_EQ(match(request("OPTIONS", "*")).headers, "Allow: GET, HEAD, POST, OPTIONS\r\n");
  EXPECT_EQ(match(request("OPTIONS", "/nothing")).kind, Kind::not_found);
}

TEST_F(RouterTest, LeavesAllMethodsOfAPathToADialectThatWantsThem) {
  const FakeDialect polling{"polling", {{Transport::http, "*", "/poll/", "whatever comes"}}};
  const std::array<const Dialect*, 2> both{&polling, &rest};
  const Router with_polling(both);
  for (const std::string_view method : {"GET", "POST", "PUT", "OPTIONS", "HEAD"}) {
    Request asked = request(method, "/poll/");
    EXPECT_EQ(with_polling.match(asked).kind, Kind::found) << method;
  }
  Request upgrading = upgrade("/poll/");
  EXPECT_EQ(with_polling.match(upgrading).kind, Kind::found);
  Request everywhere = request("OPTIONS", "*");
  const Match options = with_polling.match(everywhere);
  EXPECT_EQ(options.kind, Kind::options);
  EXPECT_EQ(options.headers, "Allow: POST, GET, HEAD, OPTIONS\r\n");
}

TEST_F(RouterTest, AnswersHeadWhereThereIsGet) {
  const Match read = match(request("HEAD", "/topics/a"));
  EXPECT_EQ(read.kind, Kind::found);
  EXPECT_EQ(read.route->summary, "read");
  EXPECT_TRUE(read.head);
  EXPECT_FALSE(match(request("GET", "/topics/a")).head);
}

TEST_F(RouterTest, AsksForAnUpgradeWhereThereIsOnlyAWebSocket) {
  const Match match = this->match(request("GET", "/ws"));
  EXPECT_EQ(match.kind, Kind::upgrade_required);
  EXPECT_EQ(match.status(), 426);
  EXPECT_THAT(match.headers, HasSubstr("Sec-WebSocket-Version: 13\r\n"));
  EXPECT_THAT(match.headers, HasSubstr("Upgrade: websocket\r\n"));
  EXPECT_THAT(match.headers, HasSubstr("Connection: upgrade\r\n"));
}

TEST_F(RouterTest, UpgradesWhereItCanAndIgnoresTheWishElsewhere) {
  const Match socket = match(upgrade("/topics/a"));
  EXPECT_EQ(socket.kind, Kind::found);
  EXPECT_EQ(socket.dialect, &raw);
  EXPECT_TRUE(socket.websocket());
  EXPECT_EQ(match(upgrade("/")).route, own.data());
  Request post = upgrade("/topics/a");
  post.method = "POST";
  EXPECT_EQ(match(std::move(post)).route->summary, "publish");
  EXPECT_EQ(match(upgrade("/publish")).kind, Kind::method_not_allowed);
}

TEST_F(RouterTest, SelectsTheFirstOfferedSubprotocolThatIsSpoken) {
  struct {
    std::string_view offered;
    const Dialect* dialect;
    std::string_view selected;
  } const vectors[] = {
      {"", &native, ""},
      {"kodama.v1.json", &native, "kodama.v1.json"},
      {"mqtt", &other, "mqtt"},
      {"mqtt, kodama.v1.json", &other, "mqtt"},
      {"kodama.v1.json, mqtt", &native, "kodama.v1.json"},
      {"unknown, wamp.2.json", &other, "wamp.2.json"},
      {"unknown", &native, ""},
      {"MQTT", &native, ""},
  };
  for (const auto& vector : vectors) {
    const Match match = this->match(upgrade("/ws", vector.offered));
    EXPECT_EQ(match.dialect, vector.dialect) << vector.offered;
    EXPECT_EQ(match.subprotocol, vector.selected) << vector.offered;
  }
  EXPECT_EQ(match(upgrade("/topics/a", "kodama.v1.json")).subprotocol, "");
}

TEST_F(RouterTest, PrefersAPathThatIsSpelledOut) {
  const FakeDialect special{"special", {{Transport::http, "GET", "/topics/all", "all topics"}}};
  const std::array<const Dialect*, 3> both{&raw, &rest, &special};
  const Router with_special(both);
  Request read = request("GET", "/topics/all");
  EXPECT_EQ(with_special.match(read).dialect, &special);
  EXPECT_EQ(read.topic, "");
  Request publish = request("POST", "/topics/all");
  EXPECT_EQ(with_special.match(publish).kind, Kind::method_not_allowed);
}

TEST_F(RouterTest, ChoosesAmongRoutesByWhatAcceptNames) {
  const FakeDialect streams{"streams",
                            {{Transport::http, "GET", "/topics/{topic}", "events", false, "text/event-stream"},
                             {Transport::http, "GET", "/topics/{topic}", "lines", false, "application/x-ndjson"}}};
  const std::array<const Dialect*, 3> all{&raw, &streams, &rest};
  const Router with_streams(all);
  struct {
    std::vector<std::string_view> accept;  // a header line each
    std::string_view summary;
    std::string_view media;
  } const vectors[] = {
      {{}, "read", ""},
      {{""}, "read", ""},
      {{"*/*"}, "read", ""},
      {{"text/*"}, "read", ""},
      {{"application/json"}, "read", ""},
      {{"text/event-stream"}, "events", "text/event-stream"},
      {{"application/x-ndjson"}, "lines", "application/x-ndjson"},
      {{"Text/Event-STREAM"}, "events", "text/event-stream"},
      {{"application/x-ndjson;q=0.1"}, "lines", "application/x-ndjson"},
      {{"application/x-ndjson;q=0"}, "read", ""},
      {{"text/event-stream; q=0.000, application/x-ndjson"}, "lines", "application/x-ndjson"},
      {{"application/x-ndjson ; charset=utf-8"}, "lines", "application/x-ndjson"},
      {{"application/x-ndjson, text/event-stream"}, "lines", "application/x-ndjson"},
      {{"text/event-stream, application/x-ndjson"}, "events", "text/event-stream"},
      {{"text/event-stream;q=0.1, application/x-ndjson;q=0.9"},
       "events",
       "text/event-stream"},  // the first, not the best
      {{"text/html, application/json;q=0.9, */*;q=0.8, application/x-ndjson"}, "lines", "application/x-ndjson"},
      {{"text/html", "application/x-ndjson", "text/event-stream"}, "lines", "application/x-ndjson"},
      {{",,application/x-ndjson,"}, "lines", "application/x-ndjson"},
      {{"application/x-ndjsonx"}, "read", ""},
      {{"x/application/x-ndjson"}, "read", ""},
      {{";application/x-ndjson"}, "read", ""},
      {{"application/x-ndjson/"}, "read", ""},
  };
  for (const auto& vector : vectors) {
    for (const std::string_view method : {"GET", "HEAD"}) {
      Request asked = request(method, "/topics/a");
      for (const std::string_view accept : vector.accept) asked.headers.emplace_back("accept", accept);
      const Match match = with_streams.match(asked);
      ASSERT_EQ(match.kind, Kind::found) << &vector - vectors;
      EXPECT_EQ(match.route->summary, vector.summary) << method << &vector - vectors;
      EXPECT_EQ(match.dialect, vector.media.empty() ? &rest : &streams);
      EXPECT_EQ(match.head, method == "HEAD");
      EXPECT_EQ(asked.media, vector.media) << "as the dialect is told";
      EXPECT_EQ(asked.topic, "a");
    }
  }
}

TEST_F(RouterTest, AcceptChoosesNothingElse) {
  const FakeDialect streams{"streams",
                            {{Transport::http, "GET", "/topics/{topic}", "events", false, "text/event-stream"}}};
  const std::array<const Dialect*, 3> all{&raw, &streams, &rest};
  const Router with_streams(all);
  const auto accepting = [](Request asked) {
    asked.headers.emplace_back("accept", "text/event-stream");
    return asked;
  };
  Request post = accepting(request("POST", "/topics/a"));
  EXPECT_EQ(with_streams.match(post).route->summary, "publish");
  EXPECT_EQ(post.media, "");
  Request socket = accepting(upgrade("/topics/a"));
  EXPECT_EQ(with_streams.match(socket).dialect, &raw);
  Request elsewhere = accepting(request("GET", "/publish"));
  EXPECT_EQ(with_streams.match(elsewhere).kind, Kind::method_not_allowed);
  Request options = accepting(request("OPTIONS", "/topics/a"));
  EXPECT_EQ(with_streams.match(options).headers, "Allow: GET, HEAD, POST, OPTIONS\r\n");
}

}  // namespace
}  // namespace proto::http
