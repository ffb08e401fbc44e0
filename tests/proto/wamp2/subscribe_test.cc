// SPDX-License-Identifier: Apache-2.0
// What a session of WAMP v2 subscribes to, resumed and retained.
#include "session_case.h"

namespace proto::wamp2 {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

class WampSubscribe : public SessionCase {
 protected:
  WampSubscribe() : me(open()) {}

  // Answers the newest read of a log with its newest message, or with none.
  void newest(std::optional<Message> message) {
    const fakes::FakeHost::Read asked = host.reads.back();
    std::vector<Message> messages;
    if (message) messages.push_back(*message);
    session.on_log(asked.tag, LogPage{.epoch = epoch, .offset = message ? message->offset : 0, .messages = messages},
                   host);
  }
  static std::string retained(std::string_view topic, const Message& message) {
    std::string frame;
    Message copy = message;
    copy.topic = topic;
    append_retained_event(copy, frame);
    return fakes::frames(frame).at(0).payload;
  }

  std::string me;
  const Message hi{.topic = "x", .epoch = epoch, .offset = 41, .event = "x", .content = "hi"};
};

TEST_F(WampSubscribe, AnswersWithTheTopicsId) {
  say(R"([32,1,{"match":"exact"},"com.x"])");
  ASSERT_EQ(host.subscribes.size(), 1U);
  EXPECT_EQ(host.subscribes[0].topic, "com/x");
  EXPECT_EQ(host.subscribes[0].start.from, Start::From::now);
  EXPECT_THAT(heard(), IsEmpty());
  subscribed();
  EXPECT_THAT(heard(), ElementsAre("[33,1," + id("com/x") + "]"));
  EXPECT_TRUE(host.is_member("com/x", me));
}

TEST_F(WampSubscribe, TwiceHasTheSameId) {
  subscribe(1, "x");
  EXPECT_EQ(answer(R"([32,2,{},"x"])"), "[33,2," + id("x") + "]");
  EXPECT_EQ(host.subscribes.size(), 1U);
  EXPECT_EQ(answer("[34,3," + id("x") + "]"), "[35,3]");
  EXPECT_THAT(answer("[34,4," + id("x") + "]"), StartsWith(R"([8,34,4,{},"wamp.error.no_such_subscription",[")"));
  subscribe(5, "x");
  EXPECT_EQ(host.subscribes.size(), 2U);
}

TEST_F(WampSubscribe, TwiceAtOnceWaitsForTheFirst) {
  say(R"([32,1,{},"x"])");
  EXPECT_TRUE(session.takes_messages());
  say(R"([32,2,{},"x"])");
  EXPECT_FALSE(session.takes_messages());
  EXPECT_GT(session.held_bytes(), 0U);
  EXPECT_EQ(host.subscribes.size(), 1U);
  subscribed();
  EXPECT_THAT(heard(), ElementsAre("[33,1," + id("x") + "]", "[33,2," + id("x") + "]"));
  EXPECT_TRUE(session.takes_messages());
}

TEST_F(WampSubscribe, TheSecondIsTriedWhereTheFirstWasRefused) {
  say(R"([32,1,{},"x"])");
  say(R"([32,2,{},"x"])");
  session.on_subscribed(host.subscribes.at(0).tag, "x", Error{503, "later"}, host);
  EXPECT_THAT(heard(), ElementsAre(R"([8,32,1,{},"wamp.error.unavailable",["later"]])"));
  EXPECT_TRUE(session.takes_messages());
  ASSERT_EQ(host.subscribes.size(), 2U);
  subscribed();
  EXPECT_THAT(heard(), ElementsAre("[33,2," + id("x") + "]"));
}

TEST_F(WampSubscribe, SeveralAtOnceAreAnsweredInAnyOrder) {
  say(R"([32,1,{},"x"])");
  say(R"([32,2,{},"y"])");
  subscribed();
  session.on_subscribed(host.subscribes.at(0).tag, "x", Subscribed{epoch, 0, {}}, host);
  EXPECT_THAT(heard(), ElementsAre("[33,2," + id("y") + "]", "[33,1," + id("x") + "]"));
}

TEST_F(WampSubscribe, WhatIsNotAnsweredCannotBeLeft) {
  say(R"([32,1,{},"x"])");
  EXPECT_THAT(answer("[34,2," + id("x") + "]"), StartsWith(R"([8,34,2,{},"wamp.error.no_such_subscription")"));
  EXPECT_THAT(host.unsubscribes, IsEmpty());
}

TEST_F(WampSubscribe, Refusals) {
  EXPECT_THAT(answer(R"([32,1,{"match":"prefix"},"com"])"),
              StartsWith(R"([8,32,1,{},"wamp.error.option_not_allowed",[")"));
  EXPECT_THAT(answer(R"([32,2,{},"a..b"])"), StartsWith(R"([8,32,2,{},"wamp.error.invalid_uri",[")"));
  EXPECT_THAT(answer(R"([32,3,{},"wamp.session.on_join"])"), StartsWith(R"([8,32,3,{},"wamp.error.invalid_uri",[")"));
  EXPECT_THAT(answer(R"([32,4,{"_kodama_epoch":"5f3a"},"x"])"),
              StartsWith(R"([8,32,4,{},"wamp.error.invalid_argument",[")"));
  host.refusals["x"] = {429, "too many"};
  EXPECT_EQ(answer(R"([32,5,{},"x"])"), R"([8,32,5,{},"wamp.error.unavailable",["too many"]])");
  EXPECT_EQ(answer(R"([32,6,{"get_retained":true},"x"])"), R"([8,32,6,{},"wamp.error.unavailable",["too many"]])");
  EXPECT_TRUE(session.takes_messages());
  EXPECT_THAT(host.closes, IsEmpty());
}

TEST_F(WampSubscribe, ResumesBehindAnOffset) {
  say(R"([32,1,{"_kodama_epoch":"0000000000005f3a","_kodama_offset":41,"get_retained":true},"x"])");
  EXPECT_THAT(host.reads, IsEmpty());
  EXPECT_EQ(host.subscribes.at(0).start.from, Start::From::after);
  EXPECT_EQ(host.subscribes[0].start.epoch, epoch);
  EXPECT_EQ(host.subscribes[0].start.value, 41U);
  session.on_subscribed(host.subscribes[0].tag, "x", Subscribed{epoch, 90, false}, host);
  EXPECT_THAT(heard(), ElementsAre("[33,1," + id("x") + "]"));
  say(R"([32,2,{"_kodama_offset":0},"y"])");
  EXPECT_EQ(host.subscribes.at(1).start.epoch, std::nullopt);
  // It has no words for a loss: offsets tell.
  std::string gap;
  session.append_gap("x", Gap{.from = 42, .to = 71}, gap);
  EXPECT_EQ(gap, "");
}

TEST_F(WampSubscribe, TheRetainedEventComesBehindTheAnswer) {
  say(R"([32,1,{"get_retained":true},"x"])");
  ASSERT_EQ(host.reads.size(), 1U);
  EXPECT_EQ(host.reads[0].topic, "x");
  EXPECT_EQ(host.reads[0].start.from, Start::From::last);
  EXPECT_EQ(host.reads[0].start.value, 1U);
  EXPECT_EQ(host.reads[0].limit, 1U);
  EXPECT_FALSE(session.takes_messages());
  newest(hi);
  // Live behind what the log held: nothing is missed, nothing comes twice.
  EXPECT_EQ(host.subscribes.at(0).start.from, Start::From::after);
  EXPECT_EQ(host.subscribes[0].start.epoch, epoch);
  EXPECT_EQ(host.subscribes[0].start.value, 41U);
  EXPECT_FALSE(session.takes_messages());
  EXPECT_GT(session.held_bytes(), 0U);
  EXPECT_THAT(heard(), IsEmpty());
  subscribed(41);
  EXPECT_THAT(heard(), ElementsAre("[33,1," + id("x") + "]", retained("x", hi)));
  EXPECT_TRUE(session.takes_messages());
}

TEST_F(WampSubscribe, AnEmptyTopicRetainsNothing) {
  say(R"([32,1,{"get_retained":true},"x"])");
  newest(std::nullopt);
  EXPECT_EQ(host.subscribes.at(0).start.value, 0U);
  subscribed();
  EXPECT_THAT(heard(), ElementsAre("[33,1," + id("x") + "]"));
}

TEST_F(WampSubscribe, WhatIsForOthersIsNotRetainedForThisOne) {
  const struct {
    Sign sign;
    std::string member;
    bool received;
  } rows[] = {{Sign::topic_to, "5", false},
              {Sign::topic_to, me, true},
              {Sign::topic_except, me, false},
              {Sign::topic_except, "5", true},
              {Sign::to, "$room/x", true}};
  int request = 0;
  for (const auto& row : rows) {
    const std::string uri = "t" + std::to_string(++request);
    std::string audience;
    append_member(audience, row.sign, row.member);
    Message message = hi;
    message.audience = audience;
    message.topic = uri;
    say("[32," + std::to_string(request) + ",{\"get_retained\":true},\"" + uri + "\"]");
    newest(message);
    subscribed(41);
    EXPECT_EQ(heard().size(), row.received ? 2U : 1U) << row.member;
  }
}

TEST_F(WampSubscribe, WhoIsSubscribedGetsTheRetainedEventAgain) {
  subscribe(1, "x");
  say(R"([32,2,{"get_retained":true},"x"])");
  newest(hi);
  EXPECT_EQ(host.subscribes.size(), 1U);
  EXPECT_THAT(heard(), ElementsAre("[33,2," + id("x") + "]", retained("x", hi)));
  EXPECT_TRUE(session.takes_messages());
}

TEST_F(WampSubscribe, TheRetainedEventWaitsForTheFirstAnswer) {
  say(R"([32,1,{},"x"])");
  say(R"([32,2,{"get_retained":true},"x"])");
  EXPECT_THAT(host.reads, IsEmpty());
  subscribed();
  ASSERT_EQ(host.reads.size(), 1U);
  EXPECT_FALSE(session.takes_messages());
  newest(hi);
  EXPECT_THAT(heard(), ElementsAre("[33,1," + id("x") + "]", "[33,2," + id("x") + "]", retained("x", hi)));
}

TEST_F(WampSubscribe, ALogThatCannotBeReadRefuses) {
  say(R"([32,1,{"get_retained":true},"x"])");
  session.on_log(host.reads.at(0).tag, Error{503, "later"}, host);
  EXPECT_THAT(heard(), ElementsAre(R"([8,32,1,{},"wamp.error.unavailable",["later"]])"));
  EXPECT_TRUE(session.takes_messages());
  say(R"([32,2,{"get_retained":true},"x"])");
  host.refusals["x"] = {429, "too many"};
  newest(hi);
  EXPECT_THAT(heard(), ElementsAre(R"([8,32,2,{},"wamp.error.unavailable",["too many"]])"));
  EXPECT_TRUE(session.takes_messages());
  host.refusals.clear();
  say(R"([32,3,{"get_retained":true},"x"])");
  newest(hi);
  session.on_subscribed(host.subscribes.back().tag, "x", Error{503, "later"}, host);
  EXPECT_THAT(heard(), ElementsAre(R"([8,32,3,{},"wamp.error.unavailable",["later"]])"));
  EXPECT_TRUE(session.takes_messages());
  EXPECT_THAT(host.members, IsEmpty());
}

TEST_F(WampSubscribe, AnIdleSessionOwnsLittle) {
  subscribe(1, "x");
  EXPECT_LE(session.held_bytes(), 64U);
  EXPECT_EQ(answer("[34,2," + id("x") + "]"), "[35,2]");
  EXPECT_EQ(session.held_bytes(), 0U);
}

}  // namespace
}  // namespace proto::wamp2
