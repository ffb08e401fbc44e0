// SPDX-License-Identifier: Apache-2.0
#include "broker/admin/socket_pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/admin/socket_request.h"
#include "config/limits.h"

namespace broker::admin {
namespace {

using base::SocketChange;
using base::SocketDirectory;
using testing::HasSubstr;

// Two shards that say what the test says, and note what they are asked.
class FakeDirectory final : public SocketDirectory {
 public:
  std::span<const std::string> namespaces() const override { return names; }
  std::uint32_t shards() const override { return 2; }
  std::optional<base::SocketPage> list(std::string_view nsp, std::string_view room, base::SocketPlace place,
                                       std::size_t limit) override {
    asked = std::string(nsp) + " " + std::string(room) + " " + format(place) + " " + std::to_string(limit);
    if (silent) return std::nullopt;
    return base::SocketPage{.sockets = sockets, .next = next};
  }
  std::optional<std::vector<base::SocketEntry>> find(std::string_view nsp, std::string_view sid) override {
    asked = std::string(nsp) + " " + std::string(sid);
    if (silent) return std::nullopt;
    return sockets;
  }
  std::optional<std::vector<base::SocketCount>> count() override {
    if (silent) return std::nullopt;
    return std::vector<base::SocketCount>{{"/", 3}, {"/chat", 0}};
  }
  std::optional<base::RoomPage> rooms(std::string_view nsp, std::string_view after, std::size_t limit) override {
    asked = std::string(nsp) + " " + std::string(after) + " " + std::to_string(limit);
    if (silent) return std::nullopt;
    return room_page;
  }
  Outcome change(const SocketChange& change) override {
    asked = change.nsp + " " + change.sid + " " + change.room + " " + std::to_string(static_cast<int>(change.kind));
    return silent ? Outcome::no_answer : outcome;
  }

  const std::vector<std::string> names = {"/", "/chat"};
  std::vector<base::SocketEntry> sockets;
  std::optional<base::SocketPlace> next;
  base::RoomPage room_page;
  Outcome outcome = Outcome::done;
  bool silent = false;
  std::string asked;
};

class SocketPagesTest : public testing::Test {
 protected:
  Answer get(std::string_view path, std::string_view query = "") {
    return pages_.answer({.method = "GET", .path = path, .authorization = {}, .query = query});
  }
  Answer post(std::string_view path, std::string_view body = "") {
    return pages_.answer({.method = "POST", .path = path, .authorization = {}, .body = body});
  }
  FakeDirectory directory_;
  const SocketPages pages_{&directory_};
};

TEST_F(SocketPagesTest, ShowsSockets) {
  directory_.sockets = {{.sid = "s1", .rooms = {"a", "\"b\""}, .data = {{"n", "[1]"}, {"m", "\"x\""}}, .since_s = 17},
                        {.sid = "s2", .rooms = {}, .data = {}, .since_s = 18, .polls = true}};
  const std::string first =
      R"({"sid":"s1","namespace":"/chat","rooms":["a","\"b\""],"data":{"n":[1],"m":"x"},"since":17,)"
      R"("transport":"websocket"})";
  EXPECT_EQ(get("/socketio/sockets", "namespace=/chat").body,
            R"({"sockets":[)" + first +
                R"(,{"sid":"s2","namespace":"/chat","rooms":[],"data":{},"since":18,"transport":"polling"}]})"
                "\n");
  EXPECT_EQ(directory_.asked, "/chat  0.0 100");
  directory_.sockets.pop_back();
  EXPECT_EQ(get("/socketio/sockets/s1", "namespace=%2Fchat").body, first + "\n");
  EXPECT_EQ(directory_.asked, "/chat s1");
  directory_.sockets.clear();
  EXPECT_EQ(get("/socketio/sockets/s1").status, 404);
  EXPECT_EQ(directory_.asked, "/ s1");
}

TEST_F(SocketPagesTest, TurnsPages) {
  directory_.next = {.shard = 1, .slot = 4096};
  EXPECT_EQ(get("/socketio/sockets").body, "{\"sockets\":[],\"next\":\"1.4096\"}\n");
  EXPECT_EQ(get("/socketio/sockets", "room=a+b&after=1.4096&limit=1000").status, 200);
  EXPECT_EQ(directory_.asked, "/ a b 1.4096 1000");
}

TEST_F(SocketPagesTest, Counts) {
  EXPECT_EQ(get("/socketio/namespaces").body,
            R"({"namespaces":[{"namespace":"/","sockets":3},{"namespace":"/chat","sockets":0}]})"
            "\n");
  directory_.room_page = {.sockets = 7, .rooms = {{"a", 2}, {"b\n", 5}}};
  const std::string page =
      R"({"namespace":"/chat","sockets":7,"rooms":[{"room":"a","sockets":2},{"room":"b\n","sockets":5}])";
  EXPECT_EQ(get("/socketio/namespaces", "namespace=/chat").body, page + "}\n");
  EXPECT_EQ(directory_.asked, "/chat  100");
  directory_.room_page.more = true;
  EXPECT_EQ(get("/socketio/namespaces", "namespace=/chat&after=%C3%A9&limit=2").body, page + R"(,"next":"b\n"})"
                                                                                             "\n");
  EXPECT_EQ(directory_.asked, "/chat \xC3\xA9 2");
}

TEST_F(SocketPagesTest, Changes) {
  EXPECT_EQ(post("/socketio/sockets/s/join", R"({"namespace":"/chat","room":"r\u0061"})").body, "{}\n");
  EXPECT_EQ(directory_.asked, "/chat s ra 0");
  EXPECT_EQ(post("/socketio/sockets/s/leave", R"( {"room":"r"} )").status, 200);
  EXPECT_EQ(directory_.asked, "/ s r 1");
  for (const char* body : {"", "{}", R"({"namespace":"/"})"}) {
    EXPECT_EQ(post("/socketio/sockets/s/disconnect", body).status, 200) << body;
    EXPECT_EQ(directory_.asked, "/ s  2");
  }
  using Outcome = SocketDirectory::Outcome;
  for (const auto& [outcome, status] : {std::pair{Outcome::unknown_socket, 404},
                                       {Outcome::bad_room, 400},
                                       {Outcome::too_many_rooms, 409},
                                       {Outcome::no_answer, 503}}) {
    directory_.outcome = outcome;
    EXPECT_EQ(post("/socketio/sockets/s/join", R"({"room":"r"})").status, status);
  }
}

TEST_F(SocketPagesTest, RefusesWithoutAsking) {
  const auto refuses = [&](const Answer& answer, int status) {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_THAT(answer.body, HasSubstr("{\"error\":{\"code\":" + std::to_string(status)));
    EXPECT_EQ(directory_.asked, "");
  };
  for (const char* path :
       {"/socketio/", "/socketio/x", "/socketio/sockets/", "/socketio/socketsx", "/socketio/sockets//",
        "/socketio/sockets//join", "/socketio/sockets/s/", "/socketio/sockets/s/join/"}) {
    refuses(get(path), 404);
    refuses(post(path), 404);
  }
  for (const char* query :
       {"limit=0", "limit=1001", "limit=1x", "limit=+1", "limit=4294967297", "after=", "after=2.0", "after=0",
        "after=.", "after=0.1.2", "after=0.4294967296", "namespace=%f", "x=1", "room=%ff", "namespace=/&namespace=/"}) {
    refuses(get("/socketio/sockets", query), 400);
  }
  refuses(get("/socketio/sockets", "namespace=/none"), 404);
  refuses(get("/socketio/namespaces", "namespace=/none"), 404);
  refuses(get("/socketio/namespaces", "limit=1"), 400);
  refuses(get("/socketio/sockets/s", "limit=1"), 400);
  for (const char* body :
       {"", "{}", "[]", "{\"room\":1}", "{\"room\":\"r\"", "{\"room\":\"r\"}{}", "{\"room\":\"\xff\"}",
        "{\"room\":\"a\",\"room\":\"b\"}", "{\"room\":\"a\",\"x\":1}", "{\"room\":\"\\ud800\"}"}) {
    refuses(post("/socketio/sockets/s/join", body), 400);
  }
  refuses(post("/socketio/sockets/s/disconnect", "{\"room\":\"r\"}"), 400);
  refuses(post("/socketio/sockets/s/disconnect", "{\"namespace\":\"/none\"}"), 404);
  refuses(get("/socketio/sockets/s/join"), 405);
  refuses(post("/socketio/sockets"), 405);
  const std::string_view path = "/socketio/sockets/s/disconnect";
  refuses(pages_.answer({.method = "POST", .path = path, .authorization = {}, .body_too_large = true}), 413);
  refuses(pages_.answer({.method = "POST", .path = path, .authorization = {}, .by_page = true}), 403);
  refuses(pages_.answer({.method = "POST", .path = path, .authorization = {}, .query = "room=r"}), 400);
}

TEST_F(SocketPagesTest, SaysThatAShardDoesNotAnswer) {
  directory_.silent = true;
  for (const char* path : {"/socketio/sockets", "/socketio/sockets/s", "/socketio/namespaces"})
    EXPECT_EQ(get(path).status, 503) << path;
  EXPECT_EQ(get("/socketio/namespaces", "namespace=/").status, 503);
  EXPECT_EQ(post("/socketio/sockets/s/disconnect").status, 503);
}

}  // namespace
}  // namespace broker::admin
