// SPDX-License-Identifier: Apache-2.0
// GET /topics/{topic}?wait=…: a page of the log as soon as there is something.
#include "proto/rest/poll_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_host.h"
#include "proto/http/request.h"
#include "proto/rest/dialect.h"

namespace proto::rest {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Query = std::vector<std::pair<std::string, std::string>>;

constexpr std::uint64_t epoch = 0x5f3a;
constexpr std::string_view empty_at_40 = R"({"epoch":"0000000000005f3a","offset":40,"messages":[],"more":false})";

Opened<HttpSession> open(const Query& query) {
  http::Request request;
  request.method = "GET";
  request.topic = "a/b";
  request.query = query;
  return RestDialect().open_http(request, {.message_bytes_max = 100});
}

Message message(std::uint64_t offset, std::string_view content = "hi") {
  return {
      .topic = "a/b", .epoch = epoch, .offset = offset, .time_us = 1700000000123456, .event = "b", .content = content};
}

std::string written(std::uint64_t offset, std::string_view content = "hi") {
  return "{\"offset\":" + std::to_string(offset) + R"(,"time":1700000000.123,"data":")" + std::string(content) + "\"}";
}

class Poll : public testing::Test {
 protected:
  void ask(const Query& query) {
    session = std::get<std::unique_ptr<HttpSession>>(open(query));
    session->on_request(host);
    session->on_body_end(host);
  }
  // … of a log whose newest message, which it has had, is 40.
  void wait_behind_40(const Query& more = {}) {
    Query query = {{"after", "40"}, {"epoch", "5f3a"}, {"wait", "30s"}};
    query.insert(query.end(), more.begin(), more.end());
    ask(query);
    session->on_log(0, LogPage{epoch, 40, {}, false}, host);
    session->on_subscribed(0, "a/b", Subscribed{epoch, 40, true}, host);
  }
  void deliver(const Message& each) {
    std::string out;
    session->append_delivery(each, out, host);
    EXPECT_EQ(out, "") << "it is said in the page";
  }
  std::string body() const { return host.responses.empty() ? "" : host.responses.back().body; }

  std::unique_ptr<HttpSession> session;
  fakes::FakeHost host;
};

TEST_F(Poll, ReadsTheLogFirst) {
  ask({{"after", "40"}, {"epoch", "5f3a"}, {"limit", "7"}, {"wait", "30s"}});
  ASSERT_EQ(host.reads.size(), 1U);
  EXPECT_EQ(host.reads[0].topic, "a/b");
  EXPECT_EQ(host.reads[0].start.from, Start::From::after);
  EXPECT_EQ(host.reads[0].start.value, 40U);
  EXPECT_EQ(host.reads[0].start.epoch, epoch);
  EXPECT_EQ(host.reads[0].limit, 7U);
  EXPECT_THAT(host.subscribes, IsEmpty());
}

TEST_F(Poll, WhoClosesTheirSideGetsWhatIsThereAndDoesNotWait) {
  ask({{"after", "40"}, {"wait", "30s"}});
  EXPECT_FALSE(session->ends_with_input());
  session->on_log(0, LogPage{epoch, 40, {}, false}, host);
  EXPECT_TRUE(session->ends_with_input());
  session->on_subscribed(0, "a/b", Subscribed{epoch, 40, true}, host);
  EXPECT_TRUE(session->ends_with_input());
}

TEST_F(Poll, AnswersAtOnceWhatIsThere) {
  ask({{"after", "40"}, {"wait", "30s"}});
  const Message messages[] = {message(41), message(42, "ho")};
  session->on_log(0, LogPage{epoch, 43, messages, true}, host);
  EXPECT_THAT(host.responses,
              ElementsAre(fakes::FakeHost::Responded{200, "application/json",
                                                     R"({"epoch":"0000000000005f3a","offset":43,"messages":[)" +
                                                         written(41) + "," + written(42, "ho") + R"(],"more":true})"}));
  EXPECT_THAT(host.subscribes, IsEmpty());
}

TEST_F(Poll, SubscribesBehindWhatItHasRead) {
  wait_behind_40();
  ASSERT_EQ(host.subscribes.size(), 1U);
  EXPECT_EQ(host.subscribes[0].topic, "a/b");
  EXPECT_EQ(host.subscribes[0].start.from, Start::From::after);
  EXPECT_EQ(host.subscribes[0].start.epoch, epoch);
  EXPECT_EQ(host.subscribes[0].start.value, 40U);
  EXPECT_EQ(session->wire_format(), &by_session);
  EXPECT_EQ(host.wake, 30s);
  EXPECT_THAT(host.responses, IsEmpty());
  EXPECT_FALSE(session->keeps_request());
}

TEST_F(Poll, AnswersTogetherWhatATurnBrings) {
  wait_behind_40();
  deliver(message(41));
  EXPECT_EQ(host.wake, 0ms);
  host.wake.reset();
  deliver(message(42, "h\\\"o"));
  EXPECT_EQ(host.wake, std::nullopt) << "one answer, asked for once";
  EXPECT_THAT(host.unsubscribes, IsEmpty());
  EXPECT_THAT(host.responses, IsEmpty());
  EXPECT_GT(session->held_bytes(), 0U);
  session->on_timer(host);
  EXPECT_THAT(host.unsubscribes, ElementsAre("a/b"));
  EXPECT_EQ(body(), R"({"epoch":"0000000000005f3a","offset":42,"messages":[)" + written(41) + "," +
                        written(42, "h\\\\\\\"o") + R"(],"more":false})");
}

TEST_F(Poll, AnswersAnEmptyPageWhenTheTimeIsOver) {
  wait_behind_40();
  session->on_timer(host);
  EXPECT_THAT(host.responses,
              ElementsAre(fakes::FakeHost::Responded{200, "application/json", std::string(empty_at_40)}));
  EXPECT_THAT(host.unsubscribes, ElementsAre("a/b"));
}

TEST_F(Poll, WaitsForWhatComesFromNowOnUnlessToldOtherwise) {
  ask({{"wait", "1s"}});
  EXPECT_EQ(host.reads.at(0).start.from, Start::From::now);
  session->on_log(0, LogPage{epoch, 40, {}, false}, host);
  EXPECT_EQ(host.subscribes.at(0).start.value, 40U);
  EXPECT_EQ(host.subscribes.at(0).start.epoch, epoch);
}

TEST_F(Poll, SaysThatMoreThanTheLimitHasCome) {
  wait_behind_40({{"limit", "2"}});
  for (const std::uint64_t offset : {41U, 42U, 43U, 44U}) deliver(message(offset));
  session->on_timer(host);
  EXPECT_EQ(body(), R"({"epoch":"0000000000005f3a","offset":44,"messages":[)" + written(41) + "," + written(42) +
                        R"(],"more":true})");
}

TEST_F(Poll, TakesNoMoreThanTheLimitAndNoLess) {
  wait_behind_40({{"limit", "2"}});
  for (const std::uint64_t offset : {41U, 42U}) deliver(message(offset));
  session->on_timer(host);
  EXPECT_THAT(body(), testing::EndsWith(written(42) + R"(],"more":false})"));
}

TEST_F(Poll, LargeMessagesLeaveTheRestToTheNextRequest) {
  wait_behind_40();
  const std::string large(PollSession::messages_bytes_max / 2, 'x');
  for (const std::uint64_t offset : {41U, 42U, 43U}) deliver(message(offset, large));
  EXPECT_LT(session->held_bytes(), PollSession::messages_bytes_max * 3 / 2);
  session->on_timer(host);
  EXPECT_THAT(body(), HasSubstr(R"("offset":43,"messages":[)"));
  EXPECT_THAT(body(),
              testing::EndsWith("{\"offset\":42,\"time\":1700000000.123,\"data\":\"" + large + R"("}],"more":true})"));
}

TEST_F(Poll, WhatWasPublishedWhileItSubscribedIsReplayed) {
  ask({{"after", "40"}, {"wait", "30s"}});
  session->on_log(0, LogPage{epoch, 40, {}, false}, host);
  session->on_subscribed(0, "a/b", Subscribed{epoch, 43, true}, host);
  EXPECT_EQ(host.wake, 30s);
  deliver(message(41));
  EXPECT_EQ(host.wake, 0ms);
  session->on_timer(host);
  EXPECT_EQ(body(), R"({"epoch":"0000000000005f3a","offset":43,"messages":[)" + written(41) + R"(],"more":true})")
      << "the rest of the replay was not there yet";
}

TEST_F(Poll, WhatWasLostWhileItSubscribedMovesItsPosition) {
  ask({{"after", "40"}, {"wait", "30s"}});
  session->on_log(0, LogPage{epoch, 40, {}, false}, host);
  session->on_subscribed(0, "a/b", Subscribed{epoch, 43, false}, host);
  EXPECT_EQ(host.wake, 0ms);
  session->on_timer(host);
  EXPECT_EQ(body(), R"({"epoch":"0000000000005f3a","offset":43,"messages":[],"more":false})");
}

TEST_F(Poll, AnswersAtOnceWhereTheClientStandsElsewhere) {
  struct {
    Query start;
    bool waits;
  } const cases[] = {
      {{{"after", "40"}}, true},
      {{{"after", "40"}, {"epoch", "5f3a"}}, true},
      {{{"after", "40"}, {"epoch", "1"}}, false},     // another life of the log
      {{{"after", "39"}, {"epoch", "5f3a"}}, false},  // 40 has left the log
      {{{"after", "0"}}, false},
      {{{"after", "41"}}, false},  // of a life that is forgotten
      {{}, true},
  };
  for (const auto& c : cases) {
    host = {};
    Query query = c.start;
    query.emplace_back("wait", "30s");
    ask(query);
    session->on_log(0, LogPage{epoch, 40, {}, false}, host);
    EXPECT_EQ(host.subscribes.size(), c.waits ? 1U : 0U) << &c - cases;
    EXPECT_EQ(body(), c.waits ? "" : empty_at_40) << &c - cases;
  }
}

TEST_F(Poll, WaitsNotAtAllForZero) {
  for (const std::string wait : {"0", "0s", "0ms", "0m"}) {
    host = {};
    ask({{"wait", wait}});
    session->on_log(0, LogPage{epoch, 40, {}, false}, host);
    EXPECT_EQ(body(), empty_at_40) << wait;
    EXPECT_THAT(host.subscribes, IsEmpty());
  }
}

TEST_F(Poll, DrainAnswersWhoWaits) {
  wait_behind_40();
  session->on_drain(host);
  EXPECT_EQ(body(), empty_at_40);
  EXPECT_THAT(host.unsubscribes, ElementsAre("a/b"));
}

TEST_F(Poll, DrainAnswersWithWhatHasCome) {
  wait_behind_40();
  deliver(message(41));
  session->on_drain(host);
  EXPECT_THAT(body(), HasSubstr(written(41)));
}

TEST_F(Poll, DrainLeavesOpenQuestionsTheirAnswers) {
  ask({{"after", "40"}, {"wait", "30s"}});
  session->on_drain(host);
  EXPECT_THAT(host.responses, IsEmpty());
  session->on_log(0, LogPage{epoch, 40, {}, false}, host);
  EXPECT_EQ(body(), empty_at_40);

  host = {};
  ask({{"after", "40"}, {"wait", "30s"}});
  session->on_log(0, LogPage{epoch, 40, {}, false}, host);
  session->on_drain(host);
  EXPECT_THAT(host.responses, IsEmpty());
  session->on_subscribed(0, "a/b", Subscribed{epoch, 40, true}, host);
  EXPECT_EQ(host.wake, 0ms);
  session->on_timer(host);
  EXPECT_EQ(body(), empty_at_40);
}

TEST_F(Poll, RefusalsOfTheBrokerAreAnswered) {
  const fakes::FakeHost::Responded refused{503, "application/json", R"({"error":{"code":503,"message":"later"}})"};
  const Error later{503, "later"};
  host.refusals["a/b"] = later;
  ask({{"wait", "1s"}});
  EXPECT_THAT(host.responses, ElementsAre(refused));

  host = {};
  ask({{"wait", "1s"}});
  session->on_log(0, later, host);
  EXPECT_THAT(host.responses, ElementsAre(refused));

  host = {};
  ask({{"wait", "1s"}});
  host.refusals["a/b"] = later;
  session->on_log(0, LogPage{epoch, 40, {}, false}, host);
  EXPECT_THAT(host.responses, ElementsAre(refused));

  host = {};
  ask({{"wait", "1s"}});
  session->on_log(0, LogPage{epoch, 40, {}, false}, host);
  session->on_subscribed(0, "a/b", later, host);
  EXPECT_THAT(host.responses, ElementsAre(refused));
}

TEST_F(Poll, TakesTimesWithTheirUnits) {
  const std::pair<std::string, std::chrono::milliseconds> cases[] = {
      {"1ms", 1ms},   {"500ms", 500ms}, {"300000ms", 5min}, {"30s", 30s},
      {"300s", 5min}, {"1m", 1min},     {"5m", 5min},       {"007s", 7s},
  };
  for (const auto& [text, wait] : cases) {
    host = {};
    ask({{"after", "40"}, {"wait", text}});
    session->on_log(0, LogPage{epoch, 40, {}, false}, host);
    session->on_subscribed(0, "a/b", Subscribed{epoch, 40, true}, host);
    EXPECT_EQ(host.wake, wait) << text;
  }
}

TEST(PollDialect, RefusesWhatIsNoTime) {
  for (const std::string text : {"",
                                 "5",
                                 "s",
                                 "-1s",
                                 "+1s",
                                 " 1s",
                                 "1 s",
                                 "1.5s",
                                 "1S",
                                 "1h",
                                 "6m",
                                 "301s",
                                 "300001ms",
                                 "5m1s",
                                 "0h",
                                 "1s ",
                                 "99999999999999999999s",
                                 "18446744073709551615m",
                                 "0x1s",
                                 "ms",
                                 "forever"}) {
    const Opened<HttpSession> opened = open({{"after", "1"}, {"wait", text}});
    ASSERT_TRUE(std::holds_alternative<Error>(opened)) << text;
    EXPECT_EQ(std::get<Error>(opened).status, 400) << text;
    EXPECT_THAT(std::get<Error>(opened).message, HasSubstr("5m")) << text;
  }
}

TEST(PollDialect, RefusesWhatDoesNotGoTogether) {
  const Query cases[] = {
      {{"wait", "1s"}, {"last", "3"}},     {{"wait", "0"}, {"last", "3"}},   {{"wait", "1s"}, {"limit", "0"}},
      {{"wait", "1s"}, {"limit", "1001"}}, {{"wait", "1s"}, {"epoch", "1"}}, {{"wait", "1s"}, {"after", "x"}},
  };
  for (const Query& query : cases) {
    const Opened<HttpSession> opened = open(query);
    ASSERT_TRUE(std::holds_alternative<Error>(opened)) << &query - cases;
    EXPECT_EQ(std::get<Error>(opened).status, 400);
  }
}

}  // namespace
}  // namespace proto::rest
