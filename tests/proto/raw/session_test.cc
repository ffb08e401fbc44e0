// SPDX-License-Identifier: Apache-2.0
#include "proto/raw/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_host.h"
#include "proto/attachments.h"
#include "proto/http/request.h"
#include "proto/raw/dialect.h"

namespace proto::raw {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Query = std::vector<std::pair<std::string, std::string>>;

Opened<WebSocketSession> open(std::string topic, Query query) {
  http::Request request;
  request.method = "GET";
  request.topic = std::move(topic);
  request.query = std::move(query);
  return RawDialect().open_websocket(request, {.message_bytes_max = 1000});
}

class Raw : public testing::Test {
 protected:
  void open_with(Query query) {
    session = std::get<std::unique_ptr<WebSocketSession>>(open("chat message", std::move(query)));
    session->on_open(host);
  }
  void say(DataType type, std::string payload) { session->on_message(type, payload, host); }

  fakes::FrameSeen delivery(Kind kind, std::string_view content) {
    std::string out;
    const WireFormat& format = *session->wire_format();
    format.append(
        format, {.topic = "chat message", .offset = 1, .event = "chat message", .kind = kind, .content = content}, out);
    return fakes::frames(out).at(0);
  }

  std::unique_ptr<WebSocketSession> session;
  fakes::FakeHost host;
};

TEST_F(Raw, SubscribesWhenItOpensAndSaysNothing) {
  open_with({});
  ASSERT_EQ(host.subscribes.size(), 1U);
  EXPECT_EQ(host.subscribes[0].topic, "chat message");
  EXPECT_EQ(host.subscribes[0].start.from, Start::From::now);
  session->on_subscribed(host.subscribes[0].tag, "chat message", Subscribed{1, 2, {}}, host);
  EXPECT_THAT(host.sent, IsEmpty());
}

TEST_F(Raw, BeginsInTheLog) {
  open_with({{"last", "10"}});
  EXPECT_EQ(host.subscribes.at(0).start.from, Start::From::last);
  EXPECT_EQ(host.subscribes.at(0).start.value, 10U);
  open_with({{"after", "41"}, {"epoch", "5f3a"}, {"_", "1700000000"}});
  EXPECT_EQ(host.subscribes.at(1).start.from, Start::From::after);
  EXPECT_EQ(host.subscribes.at(1).start.value, 41U);
  EXPECT_EQ(host.subscribes.at(1).start.epoch, 0x5f3aU);
}

TEST_F(Raw, PublishOnlyReceivesNothing) {
  open_with({{"publish", "only"}});
  EXPECT_THAT(host.subscribes, IsEmpty());
  EXPECT_EQ(session->wire_format(), nullptr);
  say(DataType::text, "hi");
  EXPECT_THAT(host.publishes, ElementsAre(fakes::FakeHost::Publish{0, "chat message", "", Kind::text, "hi"}));
}

TEST_F(Raw, FramesAreContent) {
  open_with({});
  say(DataType::text, "\"hi\"");
  say(DataType::binary, std::string("\0\xFF", 2));
  say(DataType::text, "");
  EXPECT_THAT(host.publishes,
              ElementsAre(fakes::FakeHost::Publish{0, "chat message", "", Kind::text, "\"hi\""},
                          fakes::FakeHost::Publish{0, "chat message", "", Kind::binary, std::string("\0\xFF", 2)},
                          fakes::FakeHost::Publish{0, "chat message", "", Kind::text, ""}));
  EXPECT_THAT(host.quiet, ElementsAre(true, true, true));
  session->on_published(0, Published{1, 1}, host);
  EXPECT_THAT(host.sent, IsEmpty());
}

TEST_F(Raw, ContentIsDeliveredAlone) {
  open_with({});
  EXPECT_EQ(delivery(Kind::text, "hi"), (fakes::FrameSeen{1, "hi"}));
  EXPECT_EQ(delivery(Kind::text, ""), (fakes::FrameSeen{1, ""}));
  EXPECT_EQ(delivery(Kind::json, "{\"a\": 1}"), (fakes::FrameSeen{1, "{\"a\": 1}"}));
  std::string content;
  append_attachments_content(content, {.json = "[1,{}]", .places = {{.begin = 3, .end = 5}}, .attachments = {"a"}});
  EXPECT_EQ(delivery(Kind::json_attachments, content), (fakes::FrameSeen{1, R"([1,{"base64":"YQ=="}])"}));
  EXPECT_EQ(delivery(Kind::binary, std::string_view("\0\1", 2)), (fakes::FrameSeen{2, std::string("\0\1", 2)}));
}

TEST_F(Raw, GapsHaveNoWords) {
  open_with({});
  std::string out;
  session->append_gap("chat message", Gap{Gap::Why::expired, 1, 2}, out);
  EXPECT_EQ(out, "");
}

TEST_F(Raw, EverySessionHasTheSameFormat) {
  open_with({});
  const WireFormat* const format = session->wire_format();
  open_with({{"last", "1"}});
  EXPECT_EQ(session->wire_format(), format);
}

TEST_F(Raw, RefusalClosesWithTheReason) {
  const std::pair<int, Reason> cases[] = {{403, Reason::policy_violation},
                                          {401, Reason::unauthorized},
                                          {413, Reason::message_too_big},
                                          {503, Reason::internal_error},
                                          {400, Reason::policy_violation}};
  for (const auto& [status, reason] : cases) {
    host = {};
    open_with({});
    host.refusals["chat message"] = {status, "no"};
    say(DataType::text, "hi");
    session->on_published(0, Error{status, "no"}, host);
    session->on_subscribed(0, "chat message", Error{status, "no"}, host);
    open_with({});
    EXPECT_THAT(host.closes, ElementsAre(reason, reason, reason, reason)) << status;
  }
}

TEST(RawDialect, RefusesWhatItCannotMake) {
  const std::pair<std::string, Query> cases[] = {
      {"", {}},
      {std::string("a\0b", 3), {}},
      {"$x", {}},
      {"a/$x", {}},
      {"x", {{"last", "-1"}}},
      {"x", {{"last", ""}}},
      {"x", {{"last", "1"}, {"after", "1"}}},
      {"x", {{"epoch", "5f3a"}}},
      {"x", {{"epoch", "z"}, {"after", "1"}}},
      {"x", {{"publish", "no"}}},
      {"x", {{"publish", "only"}, {"last", "1"}}},
  };
  for (const auto& [topic, query] : cases) {
    const Opened<WebSocketSession> opened = open(topic, query);
    ASSERT_TRUE(std::holds_alternative<Error>(opened)) << topic;
    EXPECT_EQ(std::get<Error>(opened).status, 400);
  }
}

}  // namespace
}  // namespace proto::raw
