// SPDX-License-Identifier: Apache-2.0
#include "proto/sse/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "event_stream.h"
#include "fake_host.h"

namespace proto::sse {
namespace {

using fakes::EventSeen;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t epoch = 0x5f3a;
constexpr std::string_view preamble = "retry: 2000\nid: ";

Start after(std::uint64_t offset, std::optional<std::uint64_t> of = epoch) {
  return {.from = Start::From::after, .epoch = of, .value = offset};
}

class Sse : public testing::Test {
 protected:
  void open(std::vector<Wanted> wanted, EventSession::Asked asked = EventSession::Asked::stream,
            Naming naming = Naming::topic) {
    session = std::make_unique<EventSession>(naming, asked, std::move(wanted));
    session->on_request(host);
    session->on_body_end(host);
  }
  void open_topic(Start start) { open({{"news", start}}, EventSession::Asked::stream, Naming::event); }

  void subscribed(Tag tag, const Answer<Subscribed>& answer) {
    session->on_subscribed(tag, host.subscribes.at(tag).topic, answer, host);
  }
  void deliver(std::string_view topic, std::uint64_t of, std::uint64_t offset, std::string_view content) {
    std::string out;
    session->append_delivery({.topic = topic, .epoch = of, .offset = offset, .event = topic, .content = content}, out,
                             host);
    handed += out;
  }
  void lose(std::string_view topic, const Gap& gap) { session->append_gap(topic, gap, handed); }

  std::string sent() const {
    std::string all;
    for (const std::string& each : host.sent) all += each;
    return all;
  }
  void expect_error(int status) {
    ASSERT_EQ(host.responses.size(), 1U);
    EXPECT_EQ(host.responses[0].status, status);
    EXPECT_EQ(host.responses[0].content_type, "application/json");
    EXPECT_FALSE(host.streamed);
    EXPECT_THAT(host.sent, IsEmpty());
    EXPECT_EQ(host.wake, std::nullopt);
  }

  std::unique_ptr<EventSession> session;
  fakes::FakeHost host;
  std::string handed;  // deliveries and gaps, as the host would queue them
};

TEST_F(Sse, AnswersOnceSubscribed) {
  open_topic({});
  ASSERT_EQ(host.subscribes.size(), 1U);
  EXPECT_EQ(host.subscribes[0].topic, "news");
  EXPECT_EQ(host.subscribes[0].start.from, Start::From::now);
  EXPECT_FALSE(host.streamed);
  subscribed(0, Subscribed{epoch, 40, {}});
  EXPECT_EQ(host.streamed, (fakes::FakeHost::Responded{200, "text/event-stream", ""}));
  EXPECT_EQ(host.headers, "Cache-Control: no-store\r\nX-Accel-Buffering: no\r\n");
  EXPECT_THAT(host.sent, ElementsAre("retry: 2000\nid: 0000000000005f3a:40\n\n"));
}

TEST_F(Sse, OneTopicSharesItsFormat) {
  open_topic({});
  EXPECT_EQ(session->wire_format(), &shared_format(Naming::event));
  open({{"news", {}}});
  EXPECT_EQ(session->wire_format(), &shared_format(Naming::topic));
  open({{"news", {}}, {"sport", {}}});
  EXPECT_EQ(session->wire_format(), &by_session);
}

struct Begun {
  std::string_view what;
  Start start;
  Subscribed answer;
  std::string_view id;
};

TEST_F(Sse, FirstIdIsWhereTheReaderIs) {
  const std::vector<Begun> rows = {
      {"now", {}, {epoch, 40, {}}, "0000000000005f3a:40"},
      {"comes back", after(17), {epoch, 40, true}, "0000000000005f3a:17"},
      {"comes back to another epoch", after(17), {0xbeef, 40, false}, "0000000000005f3a:17"},
      {"comes back from beyond", after(99), {epoch, 40, false}, "0000000000005f3a:99"},
      {"an offset without an epoch", after(17, {}), {epoch, 40, true}, "0000000000005f3a:17"},
      {"the newest", {.from = Start::From::last, .epoch = {}, .value = 10}, {epoch, 40, {}}, "0000000000005f3a:30"},
      {"more than there are",
       {.from = Start::From::last, .epoch = {}, .value = 41},
       {epoch, 40, {}},
       "0000000000005f3a:0"},
  };
  for (const Begun& row : rows) {
    host = {};
    open_topic(row.start);
    subscribed(0, row.answer);
    EXPECT_EQ(sent(), std::string(preamble) + std::string(row.id) + "\n\n") << row.what;
  }
}

TEST_F(Sse, HeadOnlySubscribesToNothing) {
  open({{"news", {}}}, EventSession::Asked::head);
  EXPECT_EQ(host.streamed, (fakes::FakeHost::Responded{200, "text/event-stream", ""}));
  EXPECT_EQ(host.headers, "Cache-Control: no-store\r\nX-Accel-Buffering: no\r\n");
  EXPECT_THAT(host.subscribes, IsEmpty());
  EXPECT_THAT(host.sent, IsEmpty());
}

TEST_F(Sse, KeepsAnIdleStreamAlive) {
  open_topic({});
  subscribed(0, Subscribed{epoch, 40, {}});
  host.sent.clear();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(host.wake, std::chrono::seconds(15));
    host.wake.reset();
    session->on_timer(host);
  }
  EXPECT_THAT(host.sent, ElementsAre(":\n\n", ":\n\n", ":\n\n"));
}

TEST_F(Sse, KeepAliveWaitsForRoom) {
  open_topic({});
  subscribed(0, Subscribed{epoch, 40, {}});
  host.sent.clear();
  host.room = false;
  session->on_timer(host);
  EXPECT_THAT(host.sent, IsEmpty());
  EXPECT_EQ(host.wake, std::chrono::seconds(15));
}

TEST_F(Sse, RefusalIsTheAnswer) {
  open_topic({});
  subscribed(0, Error{503, "no more topics"});
  expect_error(503);
  EXPECT_EQ(host.responses[0].body, R"({"error":{"code":503,"message":"no more topics"}})");
}

TEST_F(Sse, RefusalAtOnceIsTheAnswer) {
  host.refusals["news"] = {429, "too many"};
  open_topic({});
  expect_error(429);
}

TEST_F(Sse, GapsOfOneTopicMoveItsId) {
  open_topic(after(17));
  subscribed(0, Subscribed{epoch, 40, false});
  lose("news", {Gap::Why::expired, 18, 30});
  lose("news", {Gap::Why::overflow, 50, 60});
  EXPECT_EQ(handed,
            "id: 0000000000005f3a:30\nevent: kodama.gap\n"
            "data: {\"topic\":\"news\",\"gap\":{\"from\":18,\"to\":30,\"reason\":\"expired\"}}\n\n"
            "event: kodama.gap\n"
            "data: {\"topic\":\"news\",\"gap\":{\"from\":50,\"to\":60,\"reason\":\"overflow\"}}\n\n");
}

TEST_F(Sse, AnotherEpochBeginsAnew) {
  open_topic(after(17, 0xdead));
  subscribed(0, Subscribed{epoch, 40, false});
  lose("news", {Gap::Why::epoch, 0, 0});
  EXPECT_EQ(handed,
            "id: 0000000000005f3a:0\nevent: kodama.gap\ndata: {\"topic\":\"news\",\"gap\":{\"reason\":\"epoch\"}}\n\n");
}

// ---- several topics

TEST_F(Sse, AnswersOnceSubscribedToAll) {
  open({{"a", {}}, {"b", {}}, {"c", {}}});
  ASSERT_EQ(host.subscribes.size(), 3U);
  subscribed(1, Subscribed{2, 20, {}});
  subscribed(0, Subscribed{1, 10, {}});
  EXPECT_FALSE(host.streamed);
  EXPECT_THAT(host.held, ElementsAre("a", "b"));
  subscribed(2, Subscribed{3, 30, {}});
  EXPECT_TRUE(host.streamed);
  EXPECT_THAT(host.held, IsEmpty());
  EXPECT_EQ(sent(), "retry: 2000\nid: 0000000000000001:10,0000000000000002:20,0000000000000003:30\n\n");
  EXPECT_EQ(host.wake, std::chrono::seconds(15));
}

TEST_F(Sse, IdsNameThePositionOfEach) {
  open({{"a", {}}, {"b", {}}});
  subscribed(0, Subscribed{1, 10, {}});
  subscribed(1, Subscribed{2, 20, {}});
  deliver("b", 2, 21, "x");
  deliver("a", 1, 11, "y\nz");
  EXPECT_EQ(handed,
            "id: 0000000000000001:10,0000000000000002:21\nevent: b\ndata: x\n\n"
            "id: 0000000000000001:11,0000000000000002:21\nevent: a\ndata: y\ndata: z\n\n");
}

TEST_F(Sse, WhatComesBeforeTheHeadLeavesBehindIt) {
  open({{"a", after(5, 1)}, {"b", after(7, 2)}});
  subscribed(0, Subscribed{1, 10, false});
  lose("a", {Gap::Why::expired, 6, 8});
  deliver("a", 1, 9, "x");
  deliver("a", 1, 10, "y");
  EXPECT_EQ(handed, "");
  EXPECT_THAT(host.sent, IsEmpty());
  EXPECT_FALSE(host.streamed);
  subscribed(1, Subscribed{2, 8, true});
  deliver("b", 2, 8, "z");
  const std::string bytes = sent() + handed;
  EXPECT_TRUE(bytes.starts_with("retry: 2000\nid: 0000000000000001:5,0000000000000002:7\n\n")) << bytes;
  EXPECT_THAT(fakes::read_events(bytes).events,
              ElementsAre(EventSeen{"kodama.gap", R"({"topic":"a","gap":{"from":6,"to":8,"reason":"expired"}})",
                                    "0000000000000001:8,0000000000000002:7"},
                          EventSeen{"a", "x", "0000000000000001:9,0000000000000002:7"},
                          EventSeen{"a", "y", "0000000000000001:10,0000000000000002:7"},
                          EventSeen{"b", "z", "0000000000000001:10,0000000000000002:8"}));
}

TEST_F(Sse, LossByOverflowMovesNothing) {
  open({{"a", {}}, {"b", {}}});
  subscribed(0, Subscribed{1, 10, {}});
  subscribed(1, Subscribed{2, 20, {}});
  deliver("a", 1, 14, "x");
  handed.clear();
  lose("a", {Gap::Why::overflow, 11, 13});  // in front of what has been written
  deliver("b", 2, 21, "y");
  EXPECT_THAT(fakes::read_events(handed).events,
              ElementsAre(EventSeen{"kodama.gap", R"({"topic":"a","gap":{"from":11,"to":13,"reason":"overflow"}})", ""},
                          EventSeen{"b", "y", "0000000000000001:14,0000000000000002:21"}));
}

TEST_F(Sse, AnotherEpochOfOneOfThem) {
  open({{"a", after(5, 0xdead)}, {"b", after(7, 2)}});
  subscribed(0, Subscribed{1, 1, false});
  subscribed(1, Subscribed{2, 7, true});
  lose("a", {Gap::Why::epoch, 0, 0});
  deliver("a", 1, 1, "x");
  const fakes::EventStream seen = fakes::read_events(sent() + handed);
  EXPECT_TRUE(sent().ends_with("id: 000000000000dead:5,0000000000000002:7\n\n")) << sent();
  ASSERT_EQ(seen.events.size(), 2U);
  EXPECT_EQ(seen.events[0].id, "0000000000000001:0,0000000000000002:7");
  EXPECT_EQ(seen.events[1].id, "0000000000000001:1,0000000000000002:7");
}

TEST_F(Sse, RefusalOfOneEndsTheOthersOnceAllHaveAnswered) {
  open({{"a", {}}, {"b", after(1, 1)}, {"c", {}}});
  subscribed(0, Subscribed{1, 10, {}});
  subscribed(1, Error{503, "no more topics"});
  deliver("a", 1, 11, "x");
  EXPECT_THAT(host.responses, IsEmpty());
  subscribed(2, Subscribed{3, 30, {}});
  expect_error(503);
  EXPECT_THAT(host.unsubscribes, ElementsAre("a", "c"));
  EXPECT_EQ(handed, "");
}

TEST_F(Sse, RefusalAtOnceOfOneWaitsForTheAnswersBeforeIt) {
  host.refusals["b"] = {429, "too many"};
  open({{"a", {}}, {"b", {}}, {"c", {}}});
  ASSERT_EQ(host.subscribes.size(), 1U);
  EXPECT_THAT(host.responses, IsEmpty());
  subscribed(0, Subscribed{1, 10, {}});
  expect_error(429);
  EXPECT_THAT(host.unsubscribes, ElementsAre("a"));
}

TEST_F(Sse, DrainBeforeTheHeadBreaksTheConnection) {
  open({{"a", {}}, {"b", {}}});
  subscribed(0, Subscribed{1, 10, {}});
  session->on_drain(host);
  EXPECT_THAT(host.closes, ElementsAre(Reason::going_away));
  subscribed(1, Subscribed{2, 20, {}});
  EXPECT_THAT(host.unsubscribes, ElementsAre("a", "b"));
  EXPECT_THAT(host.responses, IsEmpty());
  EXPECT_FALSE(host.streamed);
  EXPECT_THAT(host.sent, IsEmpty());
}

TEST_F(Sse, RevokedTopicBreaksTheConnection) {
  open({{"a", {}}, {"b", {}}});
  subscribed(0, Subscribed{1, 10, {}});
  session->on_revoked("a", host);  // before the head
  subscribed(1, Subscribed{2, 20, {}});
  EXPECT_THAT(host.closes, ElementsAre(Reason::policy_violation));
  EXPECT_THAT(host.responses, IsEmpty());
  EXPECT_FALSE(host.streamed);

  host = {};
  open_topic({});
  subscribed(0, Subscribed{epoch, 40, {}});
  session->on_revoked("news", host);
  EXPECT_THAT(host.closes, ElementsAre(Reason::policy_violation));
}

TEST_F(Sse, DoesNotKeepItsRequestAndEndsWithItsPeer) {
  open_topic({});
  EXPECT_FALSE(session->keeps_request());
  EXPECT_TRUE(session->ends_with_input());
}

}  // namespace
}  // namespace proto::sse
