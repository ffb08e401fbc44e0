// SPDX-License-Identifier: Apache-2.0
#include "proto/sse/dialect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_host.h"
#include "proto/http/request.h"
#include "proto/sse/session.h"

namespace proto::sse {
namespace {

using testing::HasSubstr;

using Query = std::vector<std::pair<std::string, std::string>>;

struct Asked {
  std::string topic;  // empty: /events
  Query query;
  std::string_view last_event_id;
};

Opened<HttpSession> open(const Asked& asked, std::string_view method = "GET") {
  http::Request request;
  request.method = method;
  request.topic = asked.topic;
  request.path = asked.topic.empty() ? "/events" : "/topics/x";
  request.query = asked.query;
  if (!asked.last_event_id.empty()) request.headers.emplace_back("last-event-id", asked.last_event_id);
  return SseDialect().open_http(request, {});
}

std::vector<fakes::FakeHost::Subscribe> subscribes(const Asked& asked) {
  Opened<HttpSession> opened = open(asked);
  if (const Error* error = std::get_if<Error>(&opened)) {
    ADD_FAILURE() << error->message;
    return {};
  }
  fakes::FakeHost host;
  std::get<std::unique_ptr<HttpSession>>(opened)->on_body_end(host);
  return host.subscribes;
}

// "news after 5f3a:41, sport now"
std::string begins(const Asked& asked) {
  std::string text;
  for (const auto& each : subscribes(asked)) {
    text += text.empty() ? each.topic : ", " + each.topic;
    switch (each.start.from) {
      case Start::From::now: text += " now"; break;
      case Start::From::last: text += " last " + std::to_string(each.start.value); break;
      case Start::From::after:
        text += " after " + (each.start.epoch ? std::to_string(*each.start.epoch) : "") + ":" +
                std::to_string(each.start.value);
    }
  }
  return text;
}

struct Row {
  std::string_view what;
  Asked asked;
  std::string_view begins;
};

TEST(SseDialect, WhereAStreamBegins) {
  const std::vector<Row> rows = {
      {"a topic", {"news", {}, ""}, "news now"},
      {"others are left alone", {"news", {{"_", "1"}, {"topic", "x"}}, ""}, "news now"},
      {"the newest", {"news", {{"last", "5"}}, ""}, "news last 5"},
      {"after", {"news", {{"after", "5"}}, ""}, "news after :5"},
      {"after, of an epoch", {"news", {{"epoch", "a"}, {"after", "5"}}, ""}, "news after 10:5"},
      {"an id", {"news", {{"last_event_id", "a:5"}}, ""}, "news after 10:5"},
      {"the header", {"news", {}, "b:6"}, "news after 11:6"},
      {"the header is newer than the URL", {"news", {{"last_event_id", "a:5"}}, "b:6"}, "news after 11:6"},
      {"than a bad one, too", {"news", {{"last_event_id", "?"}, {"last", "?"}}, "b:6"}, "news after 11:6"},
      {"and than last", {"news", {{"last", "5"}}, "b:6"}, "news after 11:6"},
      {"and than after", {"news", {{"after", "5"}, {"epoch", "a"}}, "b:6"}, "news after 11:6"},
      {"an id wins over last", {"news", {{"last", "5"}, {"last_event_id", "a:5"}}, ""}, "news after 10:5"},
      {"one of /events", {"", {{"topic", "news"}}, ""}, "news now"},
      {"two", {"", {{"topic", "news"}, {"_", "1"}, {"topic", "a/b c"}}, ""}, "news now, a/b c now"},
      {"two, by an id",
       {"", {{"topic", "b"}, {"last_event_id", "a:5,b:6"}, {"topic", "a"}}, ""},
       "b after 10:5, a after 11:6"},
      {"two, by the header", {"", {{"topic", "b"}, {"topic", "a"}}, "b:6,a:5"}, "b after 11:6, a after 10:5"},
  };
  for (const Row& row : rows) EXPECT_EQ(begins(row.asked), row.begins) << row.what;
}

struct Refused {
  Asked asked;
  std::string_view says;
};

Query topics(int count) {
  Query query;
  for (int i = 0; i < count; ++i) query.emplace_back("topic", std::to_string(i));
  return query;
}

TEST(SseDialect, SaysWhatIsRight) {
  const std::vector<Refused> rows = {
      {{"$room/x", {}, ""}, "$"},
      {{"news", {{"last", "x"}}, ""}, "whole number"},
      {{"news", {{"last", "1"}, {"after", "1"}}, ""}, "exclude"},
      {{"news", {{"epoch", "a"}}, ""}, "epoch goes with after"},
      {{"news", {{"last_event_id", ""}}, ""}, "EPOCH:OFFSET"},
      {{"news", {}, "41"}, "EPOCH:OFFSET"},
      {{"news", {}, "a:1,b:2"}, "EPOCH:OFFSET"},
      {{"", {}, ""}, "?topic=A&topic=B"},
      {{"", {{"topics", "a"}}, ""}, "?topic=A&topic=B"},
      {{"", {{"topic", ""}}, ""}, "empty"},
      {{"", {{"topic", "a"}, {"topic", "$x"}}, ""}, "$"},
      {{"", {{"topic", std::string(256, 'x')}}, ""}, "255"},
      {{"", {{"topic", "a\n"}}, ""}, "control"},
      {{"", {{"topic", "a"}, {"topic", "b"}, {"topic", "a"}}, ""}, "once"},
      {{"", topics(33), ""}, "at most 32"},
      {{"", {{"topic", "a"}, {"last", "5"}}, ""}, "/topics/{topic}"},
      {{"", {{"topic", "a"}, {"after", "5"}}, ""}, "/topics/{topic}"},
      {{"", {{"topic", "a"}, {"topic", "b"}}, "a:1"}, "for each topic"},
      {{"", {{"topic", "a"}, {"topic", "b"}}, "a:1,b:2,c:3"}, "for each topic"},
      {{"", {{"topic", "a"}, {"topic", "b"}, {"last_event_id", "a:1,b:"}}, ""}, "for each topic"},
  };
  for (const Refused& row : rows) {
    const Opened<HttpSession> opened = open(row.asked);
    ASSERT_TRUE(std::holds_alternative<Error>(opened)) << row.says;
    EXPECT_EQ(std::get<Error>(opened).status, 400);
    EXPECT_THAT(std::get<Error>(opened).message, HasSubstr(row.says));
  }
}

TEST(SseDialect, TakesThirtyTwoTopics) { EXPECT_EQ(subscribes({"", topics(32), ""}).size(), 32U); }

TEST(SseDialect, HeadSubscribesToNothing) {
  for (const Asked& asked : {Asked{"news", {}, ""}, Asked{"", topics(2), ""}}) {
    const Opened<HttpSession> opened = open(asked, "HEAD");
    fakes::FakeHost host;
    std::get<std::unique_ptr<HttpSession>>(opened)->on_body_end(host);
    EXPECT_TRUE(host.subscribes.empty());
    EXPECT_TRUE(host.streamed);
  }
}

TEST(SseDialect, IsChosenByItsMediaType) {
  const std::span<const Route> routes = SseDialect().routes();
  ASSERT_EQ(routes.size(), 2U);
  EXPECT_EQ(routes[0].path, "/topics/{topic}");
  EXPECT_EQ(routes[0].media, "text/event-stream");
  EXPECT_EQ(routes[1].path, "/events");
  EXPECT_EQ(routes[1].media, "");
  for (const Route& route : routes) EXPECT_FALSE(route.publishes);
}

}  // namespace
}  // namespace proto::sse
