// SPDX-License-Identifier: Apache-2.0
#include "proto/wamp1/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_host.h"
#include "proto/attachments.h"
#include "proto/audience.h"
#include "proto/wamp1/dialect.h"

namespace proto::wamp1 {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

const std::string id = "secret-0000000000001";  // the first that the fake makes

// As read by who delivers it.
std::vector<std::pair<char, std::string>> named(std::string_view audience) {
  std::vector<std::pair<char, std::string>> all;
  for_each_member(audience, [&](Sign sign, std::string_view member) {
    all.emplace_back(static_cast<char>(sign), std::string(member));
  });
  return all;
}

class Wamp1 : public testing::Test {
 protected:
  Wamp1() {
    session.on_open(host);
    welcome = heard();
  }

  void say(std::string frame) { session.on_message(DataType::text, frame, host); }

  std::vector<std::string> heard() { return fakes::take_json_texts(host); }

  void subscribe(const std::string& topic) {
    say("[5,\"" + topic + "\"]");
    session.on_subscribed(host.subscribes.back().tag, topic, Subscribed{1, 0, {}}, host);
  }

  // The topics that were subscribed to, in order.
  std::vector<std::string> topics() const {
    std::vector<std::string> all;
    for (const auto& each : host.subscribes) all.push_back(each.topic);
    return all;
  }

  // The audience of what the frame publishes.
  std::vector<std::pair<char, std::string>> audience(const std::string& frame) {
    say(frame);
    EXPECT_THAT(host.closes, IsEmpty()) << frame;
    return named(host.audiences.back());
  }

  std::string delivery(const Message& message) const {
    std::string out = "before";
    session.wire_format()->append(*session.wire_format(), message, out);
    EXPECT_EQ(out.substr(0, 6), "before");
    return fakes::frames(out.substr(6)).at(0).payload;
  }

  Wamp1Session session;
  fakes::FakeHost host;
  std::vector<std::string> welcome;
};

TEST_F(Wamp1, WelcomesWithItsSessionId) {
  EXPECT_THAT(welcome, ElementsAre(R"([0,"secret-0000000000001",1,"kodama"])"));
}

TEST_F(Wamp1, SubscribesWithoutAnAnswerAndJoinsAsItself) {
  say(R"([5, "http://example.com/simple"])");
  ASSERT_THAT(host.subscribes, SizeIs(1));
  EXPECT_EQ(host.subscribes[0].topic, "http://example.com/simple");
  EXPECT_EQ(host.subscribes[0].start.from, Start::From::now);
  EXPECT_THAT(host.members, IsEmpty());
  session.on_subscribed(host.subscribes[0].tag, "http://example.com/simple", Subscribed{1, 40, {}}, host);
  EXPECT_THAT(host.members, ElementsAre(Pair("http://example.com/simple", id)));
  EXPECT_THAT(heard(), IsEmpty());
  EXPECT_THAT(host.closes, IsEmpty());
}

TEST_F(Wamp1, SubscribingTwiceIsNoError) {
  host.refusals["t"] = {409, "already subscribed to this topic"};
  say(R"([5,"t"])");
  EXPECT_THAT(host.closes, IsEmpty());
}

TEST_F(Wamp1, UnsubscribesAndFromWhatItIsNotSubscribedToAsWell) {
  say(R"([6, "http://example.com/simple"])");
  EXPECT_THAT(host.unsubscribes, ElementsAre("http://example.com/simple"));
  host.refusals["t"] = {404, "not subscribed to this topic"};
  say(R"([6,"t"])");
  EXPECT_THAT(host.closes, IsEmpty());
  EXPECT_THAT(heard(), IsEmpty());
}

TEST_F(Wamp1, PublishesForAllUnlessItIsTold) {
  say(R"([7, "http://example.com/simple", "Hello, world!"])");
  say(R"([7, "http://example.com/event#myevent2", {"num": 23, "name":"Kross"}])");
  using Publish = fakes::FakeHost::Publish;
  EXPECT_THAT(host.publishes, ElementsAre(Publish{0, "http://example.com/simple", "", Kind::text, "Hello, world!"},
                                          Publish{0, "http://example.com/event#myevent2", "", Kind::json,
                                                  R"({"num": 23, "name":"Kross"})"}));
  EXPECT_THAT(host.audiences, ElementsAre("", ""));
  EXPECT_THAT(host.quiet, ElementsAre(true, true));
  session.on_published(0, Published{1, 1}, host);
  EXPECT_THAT(heard(), IsEmpty());
  EXPECT_THAT(host.closes, IsEmpty());
}

TEST_F(Wamp1, ExcludesItselfWhereItSubscribes) {
  EXPECT_THAT(audience(R"([7,"t",1,true])"), IsEmpty());
  subscribe("t");
  EXPECT_THAT(audience(R"([7,"t",1])"), IsEmpty());
  EXPECT_THAT(audience(R"([7,"t",1,false])"), IsEmpty());
  EXPECT_THAT(audience(R"([7,"t",1,true])"), ElementsAre(Pair('!', id)));
  EXPECT_THAT(audience(R"([7,"other",1,true])"), IsEmpty());
  say(R"([6,"t"])");
  EXPECT_THAT(audience(R"([7,"t",1,true])"), IsEmpty());
}

TEST_F(Wamp1, ExcludesItselfWhereItsSubscriptionIsOnItsWay) {
  say(R"([5,"t"])");
  EXPECT_THAT(audience(R"([7,"t",1,true])"), ElementsAre(Pair('!', id)));
}

TEST_F(Wamp1, NamesWhomAnEventIsForAndWhomNot) {
  EXPECT_THAT(audience(R"([7,"t",1,[]])"), IsEmpty());
  EXPECT_THAT(audience(R"([7,"t",1,["a","b"]])"), ElementsAre(Pair('!', "a"), Pair('!', "b")));
  EXPECT_THAT(audience(R"([7,"t",1,[],["a","b"]])"), ElementsAre(Pair('=', "a"), Pair('=', "b")));
  EXPECT_THAT(audience(R"([7,"t",1,["a"],["a","b"]])"), ElementsAre(Pair('!', "a"), Pair('=', "a"), Pair('=', "b")));
  subscribe("t");
  EXPECT_THAT(audience(R"([7,"t",1,true,["b"]])"), ElementsAre(Pair('!', id), Pair('=', "b")));
}

TEST_F(Wamp1, AnEmptyListOfWhoIsEligibleIsForNobody) {
  say(R"([7,"t",1,[],[]])");
  ASSERT_THAT(host.audiences, SizeIs(1));
  EXPECT_TRUE(says(host.audiences[0], topic_signs));
  EXPECT_FALSE(includes(host.audiences[0], topic_signs, [](std::string_view member) { return member == id; }));
}

TEST_F(Wamp1, ExpandsPrefixes) {
  say(R"([1, "event", "http://example.com/event#"])");
  say(R"([1, "x", "y/"])");
  say(R"([1, "", "empty/"])");
  say(R"([5, "event:myevent1"])");
  say(R"([5, "x:"])");
  say(R"([5, ":a"])");
  say(R"([5, "x:b:c"])");
  say(R"([5, "http://example.com/simple"])");
  say(R"([5, "event"])");
  EXPECT_THAT(topics(), ElementsAre("http://example.com/event#myevent1", "y/", "empty/a", "y/b:c",
                                    "http://example.com/simple", "event"));
  say(R"([6, "x:t"])");
  EXPECT_THAT(host.unsubscribes, ElementsAre("y/t"));
  say(R"([7, "x:t", 1])");
  EXPECT_EQ(host.publishes.at(0).topic, "y/t");
  say(R"([1, "x", "z/"])");  // anew
  say(R"([5, "x:t"])");
  EXPECT_EQ(topics().back(), "z/t");
  EXPECT_THAT(host.closes, IsEmpty());
  EXPECT_THAT(heard(), IsEmpty());
}

TEST_F(Wamp1, KeepsAsManyPrefixesAsItMay) {
  EXPECT_EQ(session.held_bytes(), 0U);
  const std::string longest(prefix_bytes_max, 'u');
  for (std::size_t i = 0; i < prefixes_max; ++i) say("[1,\"" + std::to_string(i) + "\",\"" + longest + "\"]");
  say("[1,\"0\",\"again\"]");
  EXPECT_THAT(host.closes, IsEmpty());
  EXPECT_GT(session.held_bytes(), (prefixes_max - 1) * prefix_bytes_max);
  EXPECT_LT(session.held_bytes(), prefixes_max * 1024);
  say(R"([1,"one more",""])");
  EXPECT_THAT(host.closes, ElementsAre(Reason::policy_violation));
}

TEST_F(Wamp1, LongPrefixesAreRefused) {
  say("[1,\"" + std::string(prefix_bytes_max, 'p') + "\",\"u\"]");
  EXPECT_THAT(host.closes, IsEmpty());
  say("[1,\"" + std::string(prefix_bytes_max + 1, 'p') + "\",\"u\"]");
  say("[1,\"p\",\"" + std::string(prefix_bytes_max + 1, 'u') + "\"]");
  EXPECT_THAT(host.closes, ElementsAre(Reason::policy_violation, Reason::policy_violation));
}

TEST_F(Wamp1, ACallIsAnsweredWithAnError) {
  say(R"([2, "Yp9EFZt9DFkuKndg", "api:add2", 23, 99])");
  say(R"([2,"\u00e9\"","p"])");
  const std::string rest =
      R"(,"http://api.wamp.ws/error#NoSuchRPCEndpoint","there are no procedures here, only topics"])";
  EXPECT_THAT(heard(), ElementsAre(R"([4,"Yp9EFZt9DFkuKndg")" + rest, R"([4,"\u00e9\"")" + rest));
  EXPECT_THAT(host.closes, IsEmpty());
}

TEST_F(Wamp1, RefusalsCloseWithTheReason) {
  host.refusals["forbidden"] = {403, "no"};
  host.refusals["many"] = refusal(Reason::too_many_subscriptions, "no");
  host.refusals["large"] = {413, "no"};
  say(R"([5,"forbidden"])");
  say(R"([5,"many"])");
  say(R"([7,"forbidden",1])");
  say(R"([7,"large",1])");
  session.on_published(0, refusal(Reason::too_many_topics, "no"), host);
  EXPECT_THAT(host.closes, ElementsAre(Reason::policy_violation, Reason::too_many_subscriptions,
                                       Reason::policy_violation, Reason::message_too_big, Reason::too_many_topics));
  say(R"([5,"t"])");
  session.on_subscribed(0, "t", Error{500, "no"}, host);
  EXPECT_EQ(host.closes.back(), Reason::internal_error);
  EXPECT_THAT(host.members, IsEmpty());
  EXPECT_THAT(heard(), IsEmpty());
}

TEST_F(Wamp1, BadTopicsClose) {
  const std::string bad[] = {"", "$x", "a/$x", "\\u0000", std::string(256, 't')};
  for (const std::string& topic : bad) {
    for (const std::string& frame : {"[5,\"" + topic + "\"]", "[6,\"" + topic + "\"]", "[7,\"" + topic + "\",1]"}) {
      host.closes.clear();
      say(frame);
      EXPECT_THAT(host.closes, ElementsAre(Reason::policy_violation)) << frame;
    }
  }
  say("[1,\"long\",\"" + std::string(200, 'u') + "\"]");
  host.closes.clear();
  say("[5,\"long:" + std::string(55, 't') + "\"]");
  EXPECT_THAT(host.closes, IsEmpty());
  say("[5,\"long:" + std::string(56, 't') + "\"]");
  EXPECT_THAT(host.closes, ElementsAre(Reason::policy_violation));
  EXPECT_THAT(topics(), SizeIs(1));
  EXPECT_THAT(host.publishes, IsEmpty());
  EXPECT_THAT(host.unsubscribes, IsEmpty());
}

TEST_F(Wamp1, WhatIsNoMessageCloses) {
  say("oops");
  say(R"([8,"t","an event is for servers to say"])");
  std::string bytes = R"([5,"t"])";
  session.on_message(DataType::binary, bytes, host);
  EXPECT_THAT(host.closes, ElementsAre(Reason::protocol_error, Reason::protocol_error, Reason::unsupported_data));
  EXPECT_THAT(host.subscribes, IsEmpty());
  EXPECT_THAT(heard(), IsEmpty());
}

TEST_F(Wamp1, DeliversEveryKind) {
  EXPECT_EQ(delivery({.topic = "http://example.com/simple", .event = "simple", .content = "Hello, \"world\"\n"}),
            R"([8,"http://example.com/simple","Hello, \"world\"\n"])");
  EXPECT_EQ(delivery({.topic = "t\"", .event = "named", .content = ""}), R"([8,"t\"",""])");
  EXPECT_EQ(delivery({.topic = "t", .event = "t", .kind = Kind::json, .content = "{\"a\": 1e400}"}),
            R"([8,"t",{"a": 1e400}])");
  EXPECT_EQ(delivery({.topic = "t", .event = "t", .kind = Kind::binary, .content = {"\0\1", 2}}),
            R"([8,"t",{"base64":"AAE="}])");
  EXPECT_EQ(delivery({.topic = "t", .event = "t", .kind = Kind::binary, .content = ""}), R"([8,"t",{"base64":""}])");
  std::string content;
  append_attachments_content(content, {.json = R"(["a",?,{"b":?}])",
                                       .places = {{5, 6, 0}, {12, 13, 1}},
                                       .attachments = {std::string_view("\0\1", 2), "x"}});
  EXPECT_EQ(delivery({.topic = "t", .event = "t", .kind = Kind::json_attachments, .content = content}),
            R"([8,"t",["a",{"base64":"AAE="},{"b":{"base64":"eA=="}}]])");
}

TEST_F(Wamp1, DeliversLargeContentInOneFrame) {
  const std::string content(70000, 'a');
  EXPECT_EQ(delivery({.topic = "t", .event = "t", .content = content}), "[8,\"t\",\"" + content + "\"]");
}

TEST_F(Wamp1, HasNoWordsForALoss) {
  std::string out;
  session.append_gap("t", {Gap::Why::expired, 1, 2}, out);
  EXPECT_EQ(out, "");
}

TEST(Wamp1Dialect, IsOnWsAndSpeaksOneSubprotocol) {
  const Wamp1Dialect dialect;
  EXPECT_EQ(dialect.name(), "wamp1");
  ASSERT_EQ(dialect.routes().size(), 1U);
  EXPECT_EQ(dialect.routes()[0].transport, Route::Transport::websocket);
  EXPECT_EQ(dialect.routes()[0].path, "/ws");
  EXPECT_THAT(dialect.subprotocols(), ElementsAre("wamp"));
}

}  // namespace
}  // namespace proto::wamp1
