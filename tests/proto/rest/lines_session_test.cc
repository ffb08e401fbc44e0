// SPDX-License-Identifier: Apache-2.0
// GET /topics/{topic} with Accept: application/x-ndjson: a line for each message.
#include "proto/rest/lines_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_host.h"
#include "proto/attachments.h"
#include "proto/http/request.h"
#include "proto/http/router.h"
#include "proto/rest/dialect.h"

namespace proto::rest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Query = std::vector<std::pair<std::string, std::string>>;

Opened<HttpSession> open(const Query& query) {
  http::Request request;
  request.method = "GET";
  request.topic = "a/b";
  request.media = "application/x-ndjson";
  request.query = query;
  return RestDialect().open_http(request, {.message_bytes_max = 100});
}

class Lines : public testing::Test {
 protected:
  void ask(const Query& query) {
    session = std::get<std::unique_ptr<HttpSession>>(open(query));
    session->on_request(host);
    session->on_body_end(host);
  }
  std::string line(const Message& message) const {
    std::string out;
    const WireFormat* const format = session->wire_format();
    format->append(*format, message, out);
    return out;
  }

  std::unique_ptr<HttpSession> session;
  fakes::FakeHost host;
};

TEST_F(Lines, SubscribesAndThenStreams) {
  ask({});
  ASSERT_EQ(host.subscribes.size(), 1U);
  EXPECT_EQ(host.subscribes[0].topic, "a/b");
  EXPECT_EQ(host.subscribes[0].start.from, Start::From::now);
  EXPECT_EQ(host.streamed, std::nullopt) << "until it is known that it may";
  session->on_subscribed(0, "a/b", Subscribed{0x5f3a, 40, std::nullopt}, host);
  EXPECT_EQ(host.streamed, (fakes::FakeHost::Responded{200, "application/x-ndjson", ""}));
  EXPECT_EQ(host.headers, "Cache-Control: no-store\r\nX-Accel-Buffering: no\r\n");
  EXPECT_THAT(host.sent, ElementsAre("{\"epoch\":\"0000000000005f3a\",\"offset\":40}\n"));
  EXPECT_EQ(host.wake, line_interval);
  EXPECT_TRUE(session->ends_with_input());
}

TEST_F(Lines, SaysWhetherSomethingWasLost) {
  for (const bool recovered : {true, false}) {
    host = {};
    ask({{"after", "38"}, {"epoch", "5f3a"}});
    EXPECT_EQ(host.subscribes.at(0).start.from, Start::From::after);
    EXPECT_EQ(host.subscribes[0].start.value, 38U);
    EXPECT_EQ(host.subscribes[0].start.epoch, 0x5f3aU);
    session->on_subscribed(0, "a/b", Subscribed{0x5f3a, 40, recovered}, host);
    EXPECT_THAT(host.sent, ElementsAre(std::string(R"({"epoch":"0000000000005f3a","offset":40,"recovered":)") +
                                       (recovered ? "true}\n" : "false}\n")));
  }
}

TEST_F(Lines, BeginsInTheLogWhereItIsTold) {
  ask({{"last", "5000"}});
  EXPECT_EQ(host.subscribes.at(0).start.from, Start::From::last);
  EXPECT_EQ(host.subscribes[0].start.value, 5000U);
}

TEST_F(Lines, WritesEveryKindAsTheLogDoes) {
  ask({});
  std::string attached;
  append_attachments_content(attached, {.json = "[1,\n{}]", .places = {{4, 6, 0}}, .attachments = {"a"}});
  struct {
    Message message;
    std::string line;
  } const cases[] = {
      {{.topic = "a/b", .offset = 41, .time_us = 1700000000123456, .event = "b", .content = "h\"i\n"},
       R"({"offset":41,"time":1700000000.123,"data":"h\"i\n"})"},
      {{.topic = "a/b",
        .offset = 42,
        .time_us = 1700000001000999,
        .event = "c",
        .kind = Kind::json,
        .content = "[1, 2]"},
       R"({"offset":42,"time":1700000001.000,"event":"c","data":[1, 2]})"},
      {{.topic = "a/b",
        .offset = 43,
        .time_us = 1700000001045000,
        .event = "b",
        .kind = Kind::binary,
        .content = "a\n"},
       R"({"offset":43,"time":1700000001.045,"data_base64":"YQo="})"},
      {{.topic = "a/b", .offset = 44, .time_us = 0, .event = "b", .content = ""},
       R"({"offset":44,"time":0.000,"data":""})"},
      {{.topic = "a/b", .offset = 45, .event = "b", .kind = Kind::json_attachments, .content = attached},
       R"({"offset":45,"time":0.000,"data":[1, {"base64":"YQ=="}]})"},
  };
  for (const auto& c : cases) EXPECT_EQ(line(c.message), c.line + "\n");
}

TEST_F(Lines, AMessageIsOneLineHoweverItsJsonWasWritten) {
  ask({});
  const Message message{.topic = "a/b",
                        .offset = 41,
                        .time_us = 0,
                        .event = "b",
                        .kind = Kind::json,
                        .content = "{\r\n\t\"a\":\n[1,\r2,\"\\n\\r\"]\n}"};
  EXPECT_EQ(line(message), "{\"offset\":41,\"time\":0.000,\"data\":{  \t\"a\": [1, 2,\"\\n\\r\"] }}\n");
}

TEST_F(Lines, LeavesAloneWhatStandsBeforeIt) {
  ask({});
  const WireFormat* const format = session->wire_format();
  std::string out = "{}\n";
  format->append(*format, {.topic = "a", .offset = 1, .event = "a", .kind = Kind::json, .content = "[\n]"}, out);
  EXPECT_EQ(out, "{}\n{\"offset\":1,\"time\":0.000,\"data\":[ ]}\n");
}

TEST_F(Lines, AllWhoStreamShareOneFormat) {
  ask({});
  const WireFormat* const first = session->wire_format();
  ask({{"last", "3"}});
  EXPECT_EQ(session->wire_format(), first);
  EXPECT_NE(first, &by_session);
}

TEST_F(Lines, AnnouncesLosses) {
  ask({});
  const std::pair<Gap, std::string> cases[] = {
      {{.why = Gap::Why::expired, .from = 42, .to = 71}, R"({"gap":{"from":42,"to":71,"reason":"expired"}})"},
      {{.why = Gap::Why::overflow, .from = 7, .to = 7}, R"({"gap":{"from":7,"to":7,"reason":"overflow"}})"},
      {{.why = Gap::Why::epoch}, R"({"gap":{"reason":"epoch"}})"},
  };
  for (const auto& [gap, text] : cases) {
    std::string out = "before\n";
    session->append_gap("a/b", gap, out);
    EXPECT_EQ(out, "before\n" + text + "\n");
  }
}

TEST_F(Lines, ShowsThatItIsAlive) {
  ask({});
  session->on_subscribed(0, "a/b", Subscribed{0x5f3a, 40, std::nullopt}, host);
  host.sent.clear();
  host.wake.reset();
  host.now.wall_us = 1700000000123456;
  session->on_timer(host);
  EXPECT_THAT(host.sent, ElementsAre("{\"time\":1700000000.123}\n"));
  EXPECT_EQ(host.wake, line_interval);
}

TEST_F(Lines, SaysNothingToWhoDoesNotRead) {
  ask({});
  session->on_subscribed(0, "a/b", Subscribed{0x5f3a, 40, std::nullopt}, host);
  host.sent.clear();
  host.wake.reset();
  host.room = false;
  session->on_timer(host);
  EXPECT_THAT(host.sent, IsEmpty());
  EXPECT_EQ(host.wake, line_interval);
}

TEST_F(Lines, RefusalsOfTheBrokerAreAnswered) {
  const fakes::FakeHost::Responded refused{403, "application/json", R"({"error":{"code":403,"message":"no"}})"};
  host.refusals["a/b"] = {403, "no"};
  ask({});
  EXPECT_THAT(host.responses, ElementsAre(refused));
  EXPECT_EQ(host.streamed, std::nullopt);

  host = {};
  ask({});
  session->on_subscribed(0, "a/b", Error{403, "no"}, host);
  EXPECT_THAT(host.responses, ElementsAre(refused));
  EXPECT_EQ(host.streamed, std::nullopt);
  EXPECT_EQ(host.wake, std::nullopt);
}

TEST(LinesDialect, RefusesWhatMakesNoSense) {
  const std::pair<Query, std::string> cases[] = {
      {{{"limit", "1"}}, "limit"}, {{{"limit", ""}}, "limit"},
      {{{"wait", "1s"}}, "wait"},  {{{"after", "1"}, {"last", "1"}}, "exclude"},
      {{{"epoch", "1"}}, "after"}, {{{"after", "-1"}}, "offset"},
      {{{"last", "x"}}, "last"},
  };
  for (const auto& [query, what] : cases) {
    const Opened<HttpSession> opened = open(query);
    ASSERT_TRUE(std::holds_alternative<Error>(opened)) << what;
    EXPECT_EQ(std::get<Error>(opened).status, 400);
    EXPECT_THAT(std::get<Error>(opened).message, HasSubstr(what));
  }
}

// What the router chooses is what the dialect opens.
TEST(LinesDialect, IsChosenByAccept) {
  const RestDialect rest;
  const std::array<const Dialect*, 1> dialects{&rest};
  const http::Router router(dialects);
  const std::pair<std::string_view, bool> cases[] = {
      {"application/x-ndjson", true},
      {"Application/X-NDJSON; charset=utf-8", true},
      {"text/html, application/x-ndjson;q=0.1", true},
      {"application/json", false},
      {"*/*", false},
      {"", false},
      {"application/ndjson", false},
  };
  for (const std::string_view method : {"GET", "HEAD"}) {
    for (const auto& [accept, streams] : cases) {
      http::Request request;
      request.method = method;
      request.path = "/topics/a";
      if (!accept.empty()) request.headers.emplace_back("accept", accept);
      ASSERT_EQ(router.match(request).kind, http::Match::Kind::found);
      const Opened<HttpSession> opened = rest.open_http(request, {});
      const auto& session = std::get<std::unique_ptr<HttpSession>>(opened);
      EXPECT_EQ(dynamic_cast<LinesSession*>(session.get()) != nullptr, streams) << method << ' ' << accept;
    }
  }
}

}  // namespace
}  // namespace proto::rest
