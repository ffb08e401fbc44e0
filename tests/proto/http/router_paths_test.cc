// SPDX-License-Identifier: Apache-2.0
// The paths of the settings: topics and subprotocols under names of the operator's own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "fake_dialect.h"
#include "proto/http/router.h"

namespace proto::http {
namespace {

using fakes::FakeDialect;
using fakes::request;
using fakes::upgrade;
using testing::HasSubstr;
using testing::Not;
using Kind = Match::Kind;
using Transport = Route::Transport;

class RouterPaths : public testing::Test {
 protected:
  Match match(Request r) const { return router.match(r); }

  const FakeDialect raw{"raw", {{Transport::websocket, "GET", "/topics/{topic}", "one topic as it is"}}};
  const FakeDialect rest{"rest",
                         {{Transport::http, "POST", "/topics/{topic}", "publish", true},
                          {Transport::http, "GET", "/topics/{topic}", "read"},
                          {Transport::http, "POST", "/publish", "publish many", true}}};
  const FakeDialect events{"events",
                           {{Transport::http, "GET", "/topics/{topic}", "a stream", false, "text/event-stream"}}};
  const FakeDialect native{"native", {{Transport::websocket, "GET", "/ws", "many topics"}}, {"kodama.v1.json"}};
  const FakeDialect wamp2{"wamp2", {{Transport::websocket, "GET", "/ws", "wamp"}}, {"wamp.2.json", "wamp.2.cbor"}};
  const FakeDialect wamp1{"wamp1", {{Transport::websocket, "GET", "/ws", "old wamp"}}, {"wamp"}};
  const std::array<const Dialect*, 6> dialects{&raw, &rest, &events, &native, &wamp2, &wamp1};
  const std::vector<PathRoute> paths{{.path = "/chatService", .topic = {}, .subprotocols = {"wamp", "wamp.2.json"}},
                                     {.path = "/live", .topic = "news/the world", .subprotocols = {}},
                                     {.path = "/live/", .topic = "other", .subprotocols = {}}};
  const Router router{dialects, {}, paths};
};

TEST_F(RouterPaths, OfATopicHaveAllItsDoors) {
  struct {
    Request request;
    const Dialect* dialect;
    std::string_view summary;
    bool publishes;
  } vectors[] = {
      {request("POST", "/live"), &rest, "publish", true},
      {request("GET", "/live"), &rest, "read", false},
      {upgrade("/live"), &raw, "one topic as it is", false},
      {upgrade("/live", "wamp"), &raw, "one topic as it is", false},
  };
  for (auto& vector : vectors) {
    const Match match = router.match(vector.request);
    ASSERT_EQ(match.kind, Kind::found) << vector.summary;
    EXPECT_EQ(match.dialect, vector.dialect) << vector.summary;
    EXPECT_EQ(match.route->summary, vector.summary);
    EXPECT_EQ(match.route->publishes, vector.publishes) << vector.summary;
    EXPECT_EQ(match.route->path, "/live");
    EXPECT_EQ(match.subprotocol, "");
    EXPECT_EQ(vector.request.topic, "news/the world") << vector.summary;
  }
  Request stream = request("GET", "/live");
  stream.headers.emplace_back("accept", "text/event-stream");
  EXPECT_EQ(router.match(stream).dialect, &events);
  EXPECT_EQ(stream.topic, "news/the world");
  Request head = request("HEAD", "/live");
  EXPECT_TRUE(router.match(head).head);
  EXPECT_EQ(head.topic, "news/the world");
}

TEST_F(RouterPaths, AreSpelledOut) {
  Request slash = request("GET", "/live/");
  EXPECT_EQ(router.match(slash).kind, Kind::found);
  EXPECT_EQ(slash.topic, "other");
  for (const std::string_view path : {"/Live", "/live/x", "/liv%65", "/chatservice", "/chatService/", "/chat"}) {
    EXPECT_EQ(match(request("GET", path)).kind, Kind::not_found) << path;
  }
  Request topic = request("GET", "/topics/live");
  EXPECT_EQ(router.match(topic).route->path, "/topics/{topic}");
  EXPECT_EQ(topic.topic, "live");
}

TEST_F(RouterPaths, OfSubprotocolsSelectTheFirstOfferedThatIsListed) {
  struct {
    std::string_view offered;
    const Dialect* dialect;
    std::string_view selected;
  } const vectors[] = {
      {"soap, wamp", &wamp1, "wamp"},  // as in RFC 6455 §1.2 and §1.3
      {"wamp", &wamp1, "wamp"},
      {"wamp.2.json", &wamp2, "wamp.2.json"},
      {"wamp.2.json, wamp", &wamp2, "wamp.2.json"},
      {"wamp, wamp.2.json", &wamp1, "wamp"},
      {"wamp.2.cbor, wamp.2.json", &wamp2, "wamp.2.json"},  // spoken, but not here
      {"kodama.v1.json, wamp.2.json", &wamp2, "wamp.2.json"},
      {"", &wamp1, ""},
      {"kodama.v1.json", &wamp1, ""},
      {"wamp.2.cbor", &wamp1, ""},
      {"WAMP", &wamp1, ""},
  };
  for (const auto& vector : vectors) {
    Request asked = upgrade("/chatService", vector.offered);
    const Match match = router.match(asked);
    ASSERT_EQ(match.kind, Kind::found) << vector.offered;
    EXPECT_TRUE(match.websocket());
    EXPECT_EQ(match.dialect, vector.dialect) << vector.offered;
    EXPECT_EQ(match.subprotocol, vector.selected) << vector.offered;
    EXPECT_EQ(asked.topic, "");
  }
  EXPECT_EQ(match(upgrade("/ws", "wamp.2.cbor")).subprotocol, "wamp.2.cbor") << "elsewhere nothing has changed";
}

TEST_F(RouterPaths, OfSubprotocolsTakeNothingElse) {
  const Match plain = match(request("GET", "/chatService"));
  EXPECT_EQ(plain.kind, Kind::upgrade_required);
  EXPECT_EQ(plain.status(), 426);
  EXPECT_THAT(plain.headers, HasSubstr("Upgrade: websocket\r\n"));
  EXPECT_EQ(match(request("HEAD", "/chatService")).kind, Kind::method_not_allowed);
  const Match post = match(request("POST", "/chatService"));
  EXPECT_EQ(post.kind, Kind::method_not_allowed);
  EXPECT_EQ(post.headers, "Allow: GET, OPTIONS\r\n");
  EXPECT_EQ(match(request("OPTIONS", "/chatService")).headers, "Allow: GET, OPTIONS\r\n");
  EXPECT_EQ(match(request("OPTIONS", "/live")).headers, "Allow: GET, POST, HEAD, OPTIONS\r\n");
}

TEST_F(RouterPaths, StandInTheListOfWhatThereIs) {
  const std::string_view body = router.not_found_body();
  EXPECT_THAT(std::string(body), HasSubstr(R"(
{"method":"WebSocket","path":"/chatService","summary":"a WebSocket that speaks wamp, wamp.2.json"},
{"method":"WebSocket","path":"/live","summary":"one topic as it is"},
{"method":"POST","path":"/live","summary":"publish"},
{"method":"GET","path":"/live","summary":"read"},
{"method":"GET","path":"/live","summary":"a stream"},
{"method":"WebSocket","path":"/live/","summary":"one topic as it is"},
)"));
  EXPECT_EQ(body.find("/chatService"), body.rfind("/chatService")) << "once, however many it speaks";
}

TEST_F(RouterPaths, AreFoundAmongMany) {
  std::vector<PathRoute> many;
  for (int i = 0; i < 256; ++i) {
    const std::string number = std::to_string(i);
    many.push_back({.path = "/r" + number, .topic = "t" + number, .subprotocols = {}});
  }
  const Router wide(dialects, {}, many);
  many.clear();  // they are its own
  for (const int i : {0, 1, 100, 255}) {
    Request asked = request("GET", {});
    const std::string path = "/r" + std::to_string(i);
    asked.path = path;
    EXPECT_EQ(wide.match(asked).kind, Kind::found);
    EXPECT_EQ(asked.topic, "t" + std::to_string(i));
  }
  EXPECT_EQ(match(request("GET", "/r256")).kind, Kind::not_found);
  Request other = upgrade("/ws", "wamp");
  EXPECT_EQ(wide.match(other).dialect, &wamp1);
}

TEST_F(RouterPaths, TellsWhichRouteTakesAPath) {
  struct {
    std::string_view path;
    std::string_view route;
  } const vectors[] = {
      {"/ws", "/ws"},
      {"/publish", "/publish"},
      {"/topics/a", "/topics/{topic}"},
      {"/topics/", "/topics/{topic}"},
      {"/live", "/live"},
      {"/topics", ""},
      {"/ws/", ""},
      {"/", ""},
  };
  for (const auto& vector : vectors) {
    const Route* const route = router.at(vector.path);
    EXPECT_EQ(route == nullptr ? "" : route->path, vector.route) << vector.path;
  }
}

TEST_F(RouterPaths, WithoutAnyDialectThatServesThemLeadNowhere) {
  const std::array<const Dialect*, 1> alone{&native};
  const Router small(alone, {}, paths);
  Request topic = request("GET", "/live");
  EXPECT_EQ(small.match(topic).kind, Kind::not_found);
  Request socket = upgrade("/chatService", "wamp");
  EXPECT_EQ(small.match(socket).kind, Kind::not_found);
  EXPECT_THAT(std::string(small.not_found_body()), Not(HasSubstr("chatService")));
}

}  // namespace
}  // namespace proto::http
