// SPDX-License-Identifier: Apache-2.0
#include "proto/native/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_host.h"
#include "proto/native/dialect.h"

namespace proto::native {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr std::uint64_t epoch = 0x5f3a;
constexpr std::string_view epoch_text = "0000000000005f3a";

class Native : public testing::Test {
 protected:
  void say(std::string frame) { session.on_message(DataType::text, frame, host); }

  std::vector<std::string> heard() { return fakes::take_json_texts(host); }

  // The one answer to a frame, from `"error"` on.
  std::string refusal(const std::string& frame) {
    say(frame);
    const std::vector<std::string> texts = heard();
    EXPECT_EQ(texts.size(), 1U) << frame;
    return texts.empty() ? "" : texts.front();
  }

  static std::string text_of(const std::string& bytes) { return fakes::frames(bytes).at(0).payload; }

  std::string delivery(const Message& message) const {
    std::string out = "before";
    session.wire_format()->append(*session.wire_format(), message, out);
    EXPECT_EQ(out.substr(0, 6), "before");
    return text_of(out.substr(6));
  }

  std::string gap(const Gap& lost) const {
    std::string out = "before";
    session.append_gap("x", lost, out);
    return text_of(out.substr(6));
  }

  NativeSession session;
  fakes::FakeHost host;
};

TEST_F(Native, SubscribesAndAnswersWithEpochAndOffset) {
  say(R"({"id":1,"subscribe":{"topic":"chat message"}})");
  ASSERT_EQ(host.subscribes.size(), 1U);
  EXPECT_EQ(host.subscribes[0].topic, "chat message");
  EXPECT_EQ(host.subscribes[0].start.from, Start::From::now);
  EXPECT_THAT(heard(), IsEmpty());
  session.on_subscribed(host.subscribes[0].tag, "chat message", Subscribed{epoch, 40, {}}, host);
  EXPECT_THAT(heard(), ElementsAre(R"({"id":1,"ok":{"epoch":"0000000000005f3a","offset":40}})"));
}

TEST_F(Native, PublishesAndAnswersWithOffset) {
  say(R"({"id":2,"publish":{"topic":"chat message","data":"hi"}})");
  ASSERT_EQ(host.publishes.size(), 1U);
  const Tag tag = host.publishes[0].tag;
  EXPECT_EQ(host.publishes[0], (fakes::FakeHost::Publish{tag, "chat message", "", Kind::text, "hi"}));
  session.on_published(tag, Published{epoch, 41}, host);
  EXPECT_THAT(heard(), ElementsAre(R"({"id":2,"ok":{"offset":41}})"));
}

TEST_F(Native, UnsubscribesAtOnce) {
  say(R"({"id":3,"unsubscribe":{"topic":"chat message"}})");
  EXPECT_THAT(host.unsubscribes, ElementsAre("chat message"));
  EXPECT_THAT(heard(), ElementsAre(R"({"id":3,"ok":{}})"));
  say(R"({"unsubscribe":{"topic":"chat message"}})");
  EXPECT_THAT(heard(), ElementsAre(R"({"ok":{}})"));
}

TEST_F(Native, RefusalCarriesCodeAndMessage) {
  host.refusals["x"] = {403, "not \"yours\""};
  say(R"({"id":4,"subscribe":{"topic":"x"}})");
  say(R"({"id":5,"unsubscribe":{"topic":"x"}})");
  say(R"({"id":6,"publish":{"topic":"x","data":1}})");
  EXPECT_THAT(heard(), ElementsAre(R"({"id":4,"error":{"code":403,"message":"not \"yours\""}})",
                                   R"({"id":5,"error":{"code":403,"message":"not \"yours\""}})",
                                   R"({"id":6,"error":{"code":403,"message":"not \"yours\""}})"));
}

TEST_F(Native, LaterRefusalCarriesTheSameId) {
  say(R"({"id":7,"publish":{"topic":"x","data":1}})");
  say(R"({"id":"s","subscribe":{"topic":"x"}})");
  session.on_published(host.publishes.at(0).tag, Error{503, "later"}, host);
  session.on_subscribed(host.subscribes.at(0).tag, "x", Error{409, "twice"}, host);
  EXPECT_THAT(heard(), ElementsAre(R"({"id":7,"error":{"code":503,"message":"later"}})",
                                   R"({"id":"s","error":{"code":409,"message":"twice"}})"));
}

TEST_F(Native, ResumesBehindAnOffset) {
  say(R"({"id":5,"subscribe":{"topic":"x","epoch":"5f3a","offset":41}})");
  const Start& start = host.subscribes.at(0).start;
  EXPECT_EQ(start.from, Start::From::after);
  EXPECT_EQ(start.epoch, epoch);
  EXPECT_EQ(start.value, 41U);
  session.on_subscribed(host.subscribes[0].tag, "x", Subscribed{epoch, 90, true}, host);
  EXPECT_THAT(heard(), ElementsAre(R"({"id":5,"ok":{"epoch":"0000000000005f3a","offset":90,"recovered":true}})"));

  say(R"({"id":6,"subscribe":{"topic":"x","epoch":")" + std::string(epoch_text) + R"(","offset":41}})");
  EXPECT_EQ(host.subscribes.at(1).start.epoch, epoch);
  session.on_subscribed(host.subscribes[1].tag, "x", Subscribed{epoch, 90, false}, host);
  EXPECT_THAT(heard(), ElementsAre(R"({"id":6,"ok":{"epoch":"0000000000005f3a","offset":90,"recovered":false}})"));
}

TEST_F(Native, BeginsWithTheNewest) {
  say(R"({"id":6,"subscribe":{"topic":"x","last":10}})");
  EXPECT_EQ(host.subscribes.at(0).start.from, Start::From::last);
  EXPECT_EQ(host.subscribes.at(0).start.value, 10U);
  say(R"({"subscribe":{"topic":"y","offset":3}})");
  EXPECT_EQ(host.subscribes.at(1).start.from, Start::From::after);
  EXPECT_EQ(host.subscribes.at(1).start.epoch, std::nullopt);
}

TEST_F(Native, DeliversTopicOffsetAndData) {
  EXPECT_EQ(delivery({.topic = "chat message", .offset = 41, .event = "chat message", .content = "hi"}),
            R"({"topic":"chat message","offset":41,"data":"hi"})");
  EXPECT_EQ(delivery({.topic = "x", .offset = 1, .event = "x", .kind = Kind::json, .content = "{\"a\": 1e400}"}),
            R"({"topic":"x","offset":1,"data":{"a": 1e400}})");
  EXPECT_EQ(delivery({.topic = "x", .offset = 1, .event = "x", .kind = Kind::binary, .content = {"\0\1", 2}}),
            R"({"topic":"x","offset":1,"data_base64":"AAE="})");
  EXPECT_EQ(delivery({.topic = "a/b", .offset = 2, .event = "b", .content = ""}),
            R"({"topic":"a/b","offset":2,"data":""})");
}

TEST_F(Native, DeliversAnEventThatTheTopicDoesNotGive) {
  EXPECT_EQ(delivery({.topic = "a/b", .offset = 2, .event = "join", .content = "x"}),
            R"({"topic":"a/b","offset":2,"event":"join","data":"x"})");
}

TEST_F(Native, DeliversLargeContentInOneFrame) {
  const std::string content(70000, 'a');
  const std::string text = delivery({.topic = "x", .offset = 1, .event = "x", .content = content});
  EXPECT_EQ(text, R"({"topic":"x","offset":1,"data":")" + content + "\"}");
}

TEST_F(Native, AnnouncesGaps) {
  EXPECT_EQ(gap({Gap::Why::expired, 42, 71}), R"({"topic":"x","gap":{"from":42,"to":71,"reason":"expired"}})");
  EXPECT_EQ(gap({Gap::Why::overflow, 1, 1}), R"({"topic":"x","gap":{"from":1,"to":1,"reason":"overflow"}})");
  EXPECT_EQ(gap({Gap::Why::epoch, 0, 0}), R"({"topic":"x","gap":{"reason":"epoch"}})");
}

TEST_F(Native, PublishWithoutIdIsAnsweredOnlyWhenItFails) {
  say(R"({"publish":{"topic":"x","data":1}})");
  say(R"({"publish":{"topic":"x","data":2}})");
  session.on_published(host.publishes.at(0).tag, Published{epoch, 1}, host);
  EXPECT_THAT(heard(), IsEmpty());
  session.on_published(host.publishes.at(1).tag, Error{403, "no"}, host);
  EXPECT_THAT(heard(), ElementsAre(R"({"error":{"code":403,"message":"no"}})"));
  say(R"({"id":0,"publish":{"topic":"x","data":3}})");
  EXPECT_THAT(host.quiet, ElementsAre(true, true, false));
}

TEST_F(Native, SubscribeWithoutIdIsAnsweredWithoutOne) {
  say(R"({"subscribe":{"topic":"x"}})");
  session.on_subscribed(host.subscribes.at(0).tag, "x", Subscribed{epoch, 0, {}}, host);
  EXPECT_THAT(heard(), ElementsAre(R"({"ok":{"epoch":"0000000000005f3a","offset":0}})"));
}

TEST_F(Native, IdsComeBackAsTheyWereWrittenInAnyOrder) {
  const std::string long_id(64, 'i');
  const std::vector<std::string> ids = {"0",    "9007199254740992",    "\"a\"", R"("\u00e9\"")",
                                        "\"\"", "\"" + long_id + "\"", "\"a\""};
  for (const std::string& id : ids) say("{\"id\":" + id + R"(,"publish":{"topic":"x","data":1}})");
  ASSERT_EQ(host.publishes.size(), ids.size());
  for (std::size_t i = ids.size(); i-- > 0;) {
    session.on_published(host.publishes[i].tag, Published{epoch, i}, host);
    EXPECT_THAT(heard(), ElementsAre("{\"id\":" + ids[i] + ",\"ok\":{\"offset\":" + std::to_string(i) + "}}"));
  }
}

TEST_F(Native, IdMayStandBehindTheCommand) {
  say(R"({"publish":{"data":{"id":9},"topic":"x"},"id":8})");
  session.on_published(host.publishes.at(0).tag, Published{epoch, 1}, host);
  EXPECT_THAT(heard(), ElementsAre(R"({"id":8,"ok":{"offset":1}})"));
}

struct DataCase {
  std::string member;
  Kind kind;
  std::string content;
};

TEST_F(Native, DataBecomesContent) {
  const DataCase cases[] = {
      {R"("data":"hi")", Kind::text, "hi"},
      {R"("data":"")", Kind::text, ""},
      {R"("data":"\u0000\ud83d\ude00\n")", Kind::text, std::string("\0\xF0\x9F\x98\x80\n", 6)},
      {R"("data": { "a" : [1e400, 123456789012345678901234567890] } )", Kind::json,
       R"({ "a" : [1e400, 123456789012345678901234567890] })"},
      {R"("data":{"a":1,"a":2})", Kind::json, R"({"a":1,"a":2})"},
      {R"("data":null)", Kind::json, "null"},
      {R"("data":["\u0061"])", Kind::json, R"(["\u0061"])"},
      {R"("data_base64":"AAE=")", Kind::binary, std::string("\0\1", 2)},
      {R"("data_base64":"")", Kind::binary, ""},
      {R"("d\u0061ta":1)", Kind::json, "1"},
  };
  for (const DataCase& c : cases) {
    host.publishes.clear();
    say(R"({"publish":{"topic":"caf\u00e9",)" + c.member + R"(,"event":"e"}})");
    ASSERT_EQ(host.publishes.size(), 1U) << c.member;
    EXPECT_EQ(host.publishes[0], (fakes::FakeHost::Publish{0, "caf\xC3\xA9", "e", c.kind, c.content})) << c.member;
  }
}

struct BadCommand {
  std::string frame;
  std::string id;  // what the answer begins with
  std::string what;
};

TEST_F(Native, TellsOfASubscriptionThatIsTakenAway) {
  session.on_revoked("a\"b", host);
  ASSERT_EQ(host.sent.size(), 1u);
  EXPECT_EQ(fakes::frames(host.sent[0]).at(0).payload,
            R"({"topic":"a\"b","error":{"code":403,"message":"clients may not subscribe to this topic any longer"}})");
}

TEST_F(Native, BadCommandsAreAnsweredAndDoNothing) {
  const std::string deep = std::string(65, '[') + std::string(65, ']');
  const BadCommand cases[] = {
      {"oops", "", "JSON object"},
      {"", "", "JSON object"},
      {"[]", "", "JSON object"},
      {"{}", "", "no command"},
      {R"({"id":1})", "1", "no command"},
      {R"({"id":1,"subscribe":{"topic":"x"}} x)", "1", "follows"},
      {R"({"id":1,"publish":{"topic":"x","data":oops}})", "1", "value"},
      {R"({"id":1,"publish":{"topic":"x","data":1})", "1", "brace"},
      {R"({"publish":{"topic":"x","data":[1)", "", "comma"},
      {R"({"id":1,"shout":{"topic":"x"}})", "1", "unknown command \\\"shout\\\"; there are subscribe"},
      {R"({"shout":{},"id":1})", "1", "unknown command"},
      {R"({"id":1,"publish":{"topic":"x","data":1},"subscribe":{"topic":"x"}})", "1", "more than one command"},
      {R"({"id":1,"publish":{"topic":"x","data":1},"publish":{"topic":"x","data":1}})", "1", "more than one command"},
      {R"({"id":1,"id":2,"subscribe":{"topic":"x"}})", "2", "id is given twice"},
      {R"({"id":1.5,"subscribe":{"topic":"x"}})", "", "id is a whole number"},
      {R"({"id":-1,"subscribe":{"topic":"x"}})", "", "id is a whole number"},
      {R"({"id":9007199254740993,"subscribe":{"topic":"x"}})", "", "id is a whole number"},
      {R"({"id":1e400,"subscribe":{"topic":"x"}})", "", "id is a whole number"},
      {R"({"id":null,"subscribe":{"topic":"x"}})", "", "id is a whole number"},
      {R"({"id":")" + std::string(65, 'i') + R"(","subscribe":{"topic":"x"}})", "", "id is a whole number"},
      {R"({"id":1,"subscribe":"x"})", "1", "object with topic"},
      {R"({"id":1,"subscribe":{}})", "1", "topic is missing"},
      {R"({"id":1,"subscribe":{"topic":1}})", "1", "topic is a string"},
      {R"({"id":1,"subscribe":{"topic":"x","topic":"y"}})", "1", "topic is given twice"},
      {R"({"id":1,"subscribe":{"topic":"x","t\u006fpic":"y"}})", "1", "topic is given twice"},
      {R"({"id":1,"subscribe":{"topic":""}})", "1", "topic"},
      {R"({"id":1,"subscribe":{"topic":"a\u0000b"}})", "1", "control"},
      {R"({"id":1,"subscribe":{"topic":"$x"}})", "1", "reserved"},
      {R"({"id":1,"subscribe":{"topic":"a/$x"}})", "1", "reserved"},
      {R"({"id":1,"subscribe":{"topic":")" + std::string(256, 't') + R"("}})", "1", "255"},
      {R"({"id":1,"subscribe":{"topic":"x","offset":-1}})", "1", "offset is a whole number"},
      {R"({"id":1,"subscribe":{"topic":"x","offset":1.0}})", "1", "offset is a whole number"},
      {R"({"id":1,"subscribe":{"topic":"x","offset":1e400}})", "1", "offset is a whole number"},
      {R"({"id":1,"subscribe":{"topic":"x","offset":18446744073709551616}})", "1", "offset is a whole number"},
      {R"({"id":1,"subscribe":{"topic":"x","offset":"1"}})", "1", "offset is a whole number"},
      {R"({"id":1,"subscribe":{"topic":"x","offset":1,"offset":1}})", "1", "offset is given twice"},
      {R"({"id":1,"subscribe":{"topic":"x","last":1,"offset":1}})", "1", "exclude"},
      {R"({"id":1,"subscribe":{"topic":"x","epoch":"5f3a"}})", "1", "epoch goes with offset"},
      {R"({"id":1,"subscribe":{"topic":"x","epoch":5,"offset":1}})", "1", "epoch is a string"},
      {R"({"id":1,"subscribe":{"topic":"x","epoch":"5g","offset":1}})", "1", "hexadecimal"},
      {R"({"id":1,"subscribe":{"topic":"x","epoch":"1","epoch":"1","offset":1}})", "1", "epoch is given twice"},
      {R"({"id":1,"subscribe":{"topic":"x","data":1}})", "1", "unknown key \\\"data\\\"; a subscribe has"},
      {R"({"id":1,"unsubscribe":{"topic":"x","last":1}})", "1", "an unsubscribe has topic"},
      {R"({"id":1,"publish":7})", "1", "object with topic and data"},
      {R"({"id":1,"publish":{"topic":"x"}})", "1", "data is missing"},
      {R"({"id":1,"publish":{"data":1}})", "1", "topic is missing"},
      {R"({"id":1,"publish":{"topic":"x","data":1,"data":2}})", "1", "data is given twice"},
      {R"({"id":1,"publish":{"topic":"x","data":1,"data_base64":""}})", "1", "exclude"},
      {R"({"id":1,"publish":{"topic":"x","data_base64":"","data_base64":""}})", "1", "data_base64 is given twice"},
      {R"({"id":1,"publish":{"topic":"x","data_base64":"A"}})", "1", "base64"},
      {R"({"id":1,"publish":{"topic":"x","data_base64":7}})", "1", "data_base64 is a string"},
      {R"({"id":1,"publish":{"topic":"x","data":1,"event":""}})", "1", "event"},
      {R"({"id":1,"publish":{"topic":"x","data":1,"event":null}})", "1", "event is a string"},
      {R"({"id":1,"publish":{"topic":"x","data":1,"retain":true}})", "1", "unknown key \\\"retain\\\"; a publish has"},
      {R"({"id":1,"publish":{"topic":"x","data":"\ud800"}})", "1", "surrogate"},
      {R"({"id":1,"publish":{"topic":"x","data":)" + deep + "}}", "1", "64 levels"},
  };
  for (const BadCommand& c : cases) {
    const std::string begin = c.id.empty() ? "{" : "{\"id\":" + c.id + ",";
    const std::string answer = refusal(c.frame);
    EXPECT_THAT(answer, StartsWith(begin + "\"error\":{\"code\":400,\"message\":\"")) << c.frame;
    EXPECT_THAT(answer, HasSubstr(c.what)) << c.frame;
  }
  EXPECT_THAT(host.publishes, IsEmpty());
  EXPECT_THAT(host.subscribes, IsEmpty());
  EXPECT_THAT(host.unsubscribes, IsEmpty());
  EXPECT_THAT(host.closes, IsEmpty());
}

TEST_F(Native, LongUnknownNamesAreNotEchoedInFull) {
  EXPECT_LT(refusal("{\"" + std::string(100000, '\1') + "\":1}").size(), 200U);
  EXPECT_LT(refusal("{\"" + std::string(100000, 'k') + "\":1}").size(), 200U);
}

TEST_F(Native, JsonAboveOneMebibyteIs413AndTextIsNot) {
  const std::string large(json_value_bytes_max + 1, 'a');
  EXPECT_THAT(refusal(R"({"id":1,"publish":{"topic":"x","data":[")" + large + "\"]}}"),
              StartsWith(R"({"id":1,"error":{"code":413,"message":"JSON above 1 MiB; publish it as text)"));
  say(R"({"id":1,"publish":{"topic":"x","data":")" + large + "\"}}");
  ASSERT_EQ(host.publishes.size(), 1U);
  EXPECT_EQ(host.publishes[0].content, large);
}

TEST_F(Native, BinaryFrameIsRefusedAndTheConnectionStays) {
  std::string bytes = R"({"id":1,"subscribe":{"topic":"x"}})";
  session.on_message(DataType::binary, bytes, host);
  EXPECT_THAT(heard(), ElementsAre(StartsWith(R"({"error":{"code":400,)")));
  EXPECT_THAT(host.subscribes, IsEmpty());
  EXPECT_THAT(host.closes, IsEmpty());
}

TEST(NativeDialect, IsOnWsAndSpeaksOneSubprotocol) {
  const NativeDialect dialect;
  ASSERT_EQ(dialect.routes().size(), 1U);
  EXPECT_EQ(dialect.routes()[0].transport, Route::Transport::websocket);
  EXPECT_EQ(dialect.routes()[0].path, "/ws");
  ASSERT_EQ(dialect.subprotocols().size(), 1U);
  EXPECT_EQ(dialect.subprotocols()[0], "kodama.v1.json");
}

}  // namespace
}  // namespace proto::native
