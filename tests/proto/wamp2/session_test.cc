// SPDX-License-Identifier: Apache-2.0
// How sessions begin and end, and what they publish.
#include "proto/wamp2/session.h"

#include <charconv>

#include "proto/http/request.h"
#include "proto/wamp2/dialect.h"
#include "session_case.h"

namespace proto::wamp2 {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

using WampSession = SessionCase;

TEST_F(WampSession, OpensARealm) {
  const std::string welcome = answer(R"([1,"realm1",{"roles":{"publisher":{}}}])");
  std::uint64_t number = 0;
  std::from_chars(welcome.data() + 3, welcome.data() + welcome.size(), number);
  EXPECT_GE(number, 1U);
  EXPECT_LE(number, id_max);
  EXPECT_EQ(welcome, "[2," + std::to_string(number) +
                         R"(,{"realm":"realm1","authid":"anonymous","authrole":"anonymous","authmethod":"anonymous",)"
                         R"("agent":"kodama","roles":{"broker":{"features":{"publisher_exclusion":true,)"
                         R"("subscriber_blackwhite_listing":true,"publisher_identification":true,)"
                         R"("subscription_revocation":true,"event_retention":true}}}}])");
  EXPECT_LE(welcome.size(), 500U);
  EXPECT_THAT(host.closes, IsEmpty());
}

TEST_F(WampSession, RealmsHaveTopicsOfTheirOwn) {
  open("tenant.seven");
  say(R"([16,1,{},"com.x",["hi"]])");
  EXPECT_EQ(host.publishes.at(0).topic, "tenants/7/com/x");
  say(R"([32,2,{},"com.x"])");
  EXPECT_EQ(host.subscribes.at(0).topic, "tenants/7/com/x");
}

TEST_F(WampSession, RefusesToOpen) {
  const struct {
    std::string_view hello;
    std::string_view uri;
  } rows[] = {
      {R"([1,"unknown",{}])", "wamp.error.no_such_realm"},
      {R"([1,"realm",{}])", "wamp.error.no_such_realm"},
      {R"([1,"wamp.x",{}])", "wamp.error.no_such_realm"},
      {R"([1,"realm1",{"authmethods":["ticket"]}])", "wamp.error.no_matching_auth_method"},
      {R"([1,"",{}])", "wamp.error.invalid_uri"},
      {R"([1,"not a realm",{}])", "wamp.error.invalid_uri"},
  };
  for (const auto& row : rows) {
    const std::string said = answer(std::string(row.hello));
    EXPECT_THAT(said, StartsWith("[3,{\"message\":\""));
    EXPECT_THAT(said, HasSubstr("\"},\"" + std::string(row.uri) + "\"]")) << row.hello;
    EXPECT_THAT(host.closes, ElementsAre(Reason::policy_violation));
    host.closes.clear();
  }
}

TEST_F(WampSession, TellsOfWhatIsTakenFromWhoKnowsOfThat) {
  (void)answer(R"([1,"realm1",{"roles":{"subscriber":{"features":{"x":[1],"subscription_revocation":true}}}}])");
  subscribe(1, "com.x");
  session.on_revoked("com/x", host);
  EXPECT_THAT(heard(),
              ElementsAre("[35,0,{\"subscription\":" + id("com/x") + ",\"reason\":\"wamp.error.not_authorized\"}]"));
  EXPECT_THAT(host.closes, IsEmpty());
  EXPECT_THAT(answer("[34,2," + id("com/x") + "]"), HasSubstr("wamp.error.no_such_subscription"));
}

TEST_F(WampSession, DisconnectsWhoKnowsOfNoRevocation) {
  for (const char* subscriber : {"{}", R"({"features":{"subscription_revocation":false}})", R"({"features":{}})"}) {
    (void)answer(std::string(R"([1,"realm1",{"roles":{"subscriber":)") + subscriber + "}}]");
    subscribe(1, "com.x");
    session.on_revoked("com/x", host);
    EXPECT_THAT(heard(), IsEmpty());
    EXPECT_THAT(host.closes, ElementsAre(Reason::policy_violation));
    host.closes.clear();
    (void)answer(R"([6,{},"wamp.close.normal"])");
  }
}

TEST_F(WampSession, BeginsWithHello) {
  for (const std::string frame :
       {R"([16,1,{},"x"])", R"([32,1,{},"x"])", R"([6,{},"wamp.close.normal"])", "[34,1,1]", R"([48,1,{},"x"])"}) {
    EXPECT_EQ(answer(frame), R"([3,{"message":"a session begins with HELLO"},"wamp.error.protocol_violation"])");
    EXPECT_THAT(host.closes, ElementsAre(Reason::protocol_error));
    host.closes.clear();
  }
  EXPECT_THAT(host.publishes, IsEmpty());
  EXPECT_THAT(host.subscribes, IsEmpty());
}

TEST_F(WampSession, SaysHelloOnce) {
  open();
  EXPECT_EQ(answer(R"([1,"realm1",{}])"),
            R"([3,{"message":"there is a session already"},"wamp.error.protocol_violation"])");
  EXPECT_THAT(host.closes, ElementsAre(Reason::protocol_error));
}

TEST_F(WampSession, ViolationsAbortAndClose) {
  for (const std::string frame :
       {"", "x", "[]", R"([2,1,{}])", R"([8,48,1,{},"x"])", R"([16,"1",{},"x"])", "[16,1,{}"}) {
    open();
    subscribe(1, "mine");
    EXPECT_THAT(answer(frame),
                AllOf(StartsWith("[3,{\"message\":\""), HasSubstr("},\"wamp.error.protocol_violation\"]")));
    EXPECT_THAT(host.closes, ElementsAre(Reason::protocol_error)) << frame;
    EXPECT_THAT(host.unsubscribes, ElementsAre("mine"));
    host.closes.clear();
    host.unsubscribes.clear();
  }
}

TEST_F(WampSession, BinaryFramesAreAViolation) {
  open();
  std::string bytes = R"([16,1,{},"x"])";
  session.on_message(DataType::binary, bytes, host);
  EXPECT_THAT(heard(), ElementsAre(HasSubstr("},\"wamp.error.protocol_violation\"]")));
  EXPECT_THAT(host.closes, ElementsAre(Reason::unsupported_data));
}

TEST_F(WampSession, RequestsCountFromOne) {
  open();
  say(R"([16,1,{},"x"])");
  say(R"([32,2,{},"x"])");
  EXPECT_THAT(host.closes, IsEmpty());
  EXPECT_THAT(answer(R"([16,4,{},"x"])"), HasSubstr("the next was to be 3"));
  EXPECT_THAT(host.closes, ElementsAre(Reason::protocol_error));
  EXPECT_EQ(host.publishes.size(), 1U);

  for (const std::string frame : {R"([16,2,{},"x"])", R"([32,7,{},"x"])", "[34,2,1]", R"([48,2,{},"x"])",
                                  R"([64,2,{},"x"])", "[66,2,1]", R"([32,2,{"match":"prefix"},"x"])"}) {
    host.closes.clear();
    open();
    EXPECT_THAT(answer(frame), HasSubstr("the next was to be 1")) << frame;
    EXPECT_THAT(host.closes, ElementsAre(Reason::protocol_error)) << frame;
  }
}

TEST_F(WampSession, SaysGoodbyeAndMayBeginAgain) {
  const std::string first = open();
  subscribe(1, "mine");
  say(R"([32,2,{},"pending"])");
  EXPECT_EQ(answer(R"([6,{},"wamp.close.close_realm"])"), R"([6,{},"wamp.close.goodbye_and_out"])");
  EXPECT_THAT(host.unsubscribes, ElementsAre("mine", "pending"));
  EXPECT_THAT(host.closes, IsEmpty());
  subscribed();  // to nobody's use
  EXPECT_THAT(heard(), IsEmpty());
  EXPECT_THAT(host.members, IsEmpty());

  EXPECT_NE(open(), first);
  EXPECT_THAT(answer(R"([34,1,)" + id("mine") + "]"), StartsWith(R"([8,34,1,{},"wamp.error.no_such_subscription")"));
}

TEST_F(WampSession, AnswersOfAnEndedSessionAreNotTold) {
  open();
  say(R"([16,1,{"acknowledge":true},"x"])");
  say(R"([32,2,{},"x"])");
  say(R"([32,3,{"get_retained":true},"y"])");
  EXPECT_FALSE(session.takes_messages());
  say(R"([3,{},"wamp.error.system_shutdown"])");
  EXPECT_THAT(heard(), IsEmpty());
  EXPECT_TRUE(session.takes_messages());
  open();
  publishes_went_well(1);
  subscribed();
  session.on_log(host.reads.at(0).tag, LogPage{.epoch = epoch, .offset = 0, .messages = {}}, host);
  EXPECT_THAT(heard(), IsEmpty());
  EXPECT_EQ(host.subscribes.size(), 1U);
}

TEST_F(WampSession, AnAbortIsNotAnswered) {
  say(R"([3,{},"wamp.error.system_shutdown"])");
  open();
  say(R"([3,{"message":"bye"},"wamp.error.system_shutdown"])");
  EXPECT_THAT(heard(), IsEmpty());
  EXPECT_THAT(host.closes, IsEmpty());
  EXPECT_THAT(answer(R"([16,1,{},"x"])"), HasSubstr("begins with HELLO"));
}

TEST_F(WampSession, HasNoDealer) {
  open();
  EXPECT_EQ(answer(R"([48,1,{},"com.f",[1]])"),
            R"([8,48,1,{},"wamp.error.no_such_procedure",["this router is a broker: it has no calls"]])");
  EXPECT_EQ(answer(R"([64,2,{},"com.f"])"),
            R"([8,64,2,{},"wamp.error.not_authorized",["this router is a broker: nothing can be registered"]])");
  EXPECT_EQ(answer("[66,3,1]"),
            R"([8,66,3,{},"wamp.error.no_such_registration",["this router is a broker: nothing is registered"]])");
  say("[49,1,{}]");  // of a call that has had its answer
  EXPECT_THAT(heard(), IsEmpty());
  EXPECT_THAT(host.closes, IsEmpty());
}

// ---- publishing

TEST_F(WampSession, PublishesWithoutAcknowledgement) {
  open();
  say(R"([16,1,{},"chat%20message",["hi"]])");
  ASSERT_EQ(host.publishes.size(), 1U);
  EXPECT_EQ(host.publishes[0], (fakes::FakeHost::Publish{host.publishes[0].tag, "chat message", "", Kind::text, "hi"}));
  EXPECT_TRUE(host.quiet.at(0));
  EXPECT_EQ(host.audiences.at(0), "");
  publishes_went_well(41);
  session.on_published(host.publishes[0].tag, Error{503, "later"}, host);
  host.refusals["x"] = {403, "no"};
  say(R"([16,2,{},"x",["hi"]])");
  say(R"([16,3,{},"not..one",["hi"]])");
  EXPECT_THAT(heard(), IsEmpty());
}

TEST_F(WampSession, PublishesWithAcknowledgement) {
  open();
  say(R"([16,1,{"acknowledge":true},"x",[1,2],{"a":3}])");
  EXPECT_FALSE(host.quiet.at(0));
  EXPECT_EQ(host.publishes.at(0).content, R"({"args":[1,2],"kwargs":{"a":3}})");
  publishes_went_well(41);
  EXPECT_THAT(heard(), ElementsAre("[17,1," + std::to_string(publication_id(epoch, 41)) + "]"));
  // The EVENT has the same.
  std::string event;
  session.wire_format()->append(*session.wire_format(),
                                {.topic = "x", .epoch = epoch, .offset = 41, .event = "x", .content = "hi"}, event);
  EXPECT_THAT(event, HasSubstr("," + std::to_string(publication_id(epoch, 41)) + ",{"));
}

TEST_F(WampSession, RefusalsHaveTheUriOfTheirStatus) {
  const struct {
    int status;
    std::string_view uri;
  } rows[] = {{400, "wamp.error.invalid_argument"}, {401, "wamp.error.not_authorized"},
              {403, "wamp.error.not_authorized"},   {413, "wamp.error.payload_size_exceeded"},
              {429, "wamp.error.unavailable"},      {503, "wamp.error.unavailable"},
              {500, "wamp.error.unavailable"}};
  open();
  int request = 0;
  for (const auto& row : rows) {
    const std::string number = std::to_string(++request);
    const std::string expected = "[8,16," + number + ",{},\"" + std::string(row.uri) + "\",[\"no \\\"x\\\"\"]]";
    host.refusals["x"] = {row.status, "no \"x\""};
    EXPECT_EQ(answer("[16," + number + R"(,{"acknowledge":true},"x"])"), expected);
  }
  host.refusals.clear();
  say("[16," + std::to_string(++request) + R"(,{"acknowledge":true},"x"])");
  session.on_published(host.publishes.back().tag, Error{503, "later"}, host);
  EXPECT_THAT(heard(), ElementsAre("[8,16,8,{},\"wamp.error.unavailable\",[\"later\"]]"));
}

TEST_F(WampSession, BadUrisAndBigJsonAreErrorsOfTheRequest) {
  open();
  EXPECT_THAT(answer(R"([16,1,{"acknowledge":true},"a..b"])"), StartsWith(R"([8,16,1,{},"wamp.error.invalid_uri",[")"));
  EXPECT_THAT(answer(R"([16,2,{"acknowledge":true},"wamp.x"])"),
              StartsWith(R"([8,16,2,{},"wamp.error.invalid_uri",[")"));
  EXPECT_THAT(answer(R"([16,3,{"acknowledge":true},"$room.x"])"),
              StartsWith(R"([8,16,3,{},"wamp.error.invalid_uri",[")"));
  EXPECT_THAT(answer(R"([16,4,{"acknowledge":true},")" + std::string(256, 'x') + "\"]"),
              StartsWith(R"([8,16,4,{},"wamp.error.invalid_uri",[")"));
  const std::string big = R"(,"x",[1,")" + std::string(1024 * 1024, 'x') + "\"]]";
  EXPECT_THAT(answer(R"([16,5,{"acknowledge":true})" + big),
              StartsWith(R"([8,16,5,{},"wamp.error.payload_size_exceeded",[")"));
  say("[16,6,{}" + big);
  EXPECT_THAT(heard(), IsEmpty());
  EXPECT_THAT(host.publishes, IsEmpty());
  EXPECT_THAT(host.closes, IsEmpty());
}

// ---- audiences

std::string audience(std::initializer_list<std::pair<Sign, std::string>> members) {
  std::string all;
  for (const auto& [sign, member] : members) append_member(all, sign, member);
  return all;
}

TEST_F(WampSession, ExcludesItselfWhereItSubscribes) {
  const std::string me = open();
  subscribe(1, "mine");
  EXPECT_TRUE(host.is_member("mine", me));
  say(R"([32,2,{},"soon"])");
  say(R"([16,3,{},"other"])");
  say(R"([16,4,{},"mine"])");
  say(R"([16,5,{},"soon"])");
  say(R"([16,6,{"exclude_me":false},"mine"])");
  const std::string all_but_me = audience({{Sign::topic_except, me}});
  EXPECT_THAT(host.audiences, ElementsAre("", all_but_me, all_but_me, ""));
  subscribed();
  heard();
  EXPECT_EQ(answer("[34,7," + id("mine") + "]"), "[35,7]");
  say(R"([16,8,{},"mine"])");
  EXPECT_EQ(host.audiences.back(), "");
}

TEST_F(WampSession, NamesWhoIsToHearIt) {
  const std::string me = open();
  const struct {
    std::string_view options;
    std::string audience;
  } rows[] = {
      {R"("exclude":[5,6])", audience({{Sign::topic_except, "5"}, {Sign::topic_except, "6"}})},
      {R"("exclude":[])", ""},
      {R"("eligible":[5,6])", audience({{Sign::topic_to, "5"}, {Sign::topic_to, "6"}})},
      {R"("eligible":[5],"exclude":[5])", audience({{Sign::topic_except, "5"}, {Sign::topic_to, "5"}})},
      {R"("eligible":[])", audience({{Sign::topic_to, ""}})},
      {R"("eligible":[5],"eligible_authrole":["manager"])", audience({{Sign::topic_to, ""}})},
      {R"("exclude_authid":["anonymous"])", audience({{Sign::topic_to, ""}})},
      {R"("disclose_me":true)", audience({{Sign::publisher, me}})},
      {R"("disclose_me":true,"exclude":[5])", audience({{Sign::publisher, me}, {Sign::topic_except, "5"}})},
  };
  int request = 0;
  for (const auto& row : rows) {
    say("[16," + std::to_string(++request) + ",{" + std::string(row.options) + R"(},"x"])");
    EXPECT_EQ(host.audiences.back(), row.audience) << row.options;
  }
  EXPECT_EQ(host.publishes.size(), std::size(rows));
}

TEST(WampDialect, OffersWamp2) {
  const Wamp2Dialect dialect(std::vector<Realm>{{"realm1", ""}});
  EXPECT_EQ(dialect.name(), "wamp2");
  ASSERT_EQ(dialect.routes().size(), 1U);
  EXPECT_EQ(dialect.routes()[0].path, "/ws");
  EXPECT_EQ(dialect.routes()[0].transport, Route::Transport::websocket);
  EXPECT_THAT(dialect.subprotocols(), ElementsAre("wamp.2.json"));
  const Opened<WebSocketSession> opened = dialect.open_websocket(http::Request(), {});
  fakes::FakeHost host;
  std::string hello = R"([1,"realm1",{}])";
  std::get<std::unique_ptr<WebSocketSession>>(opened)->on_message(DataType::text, hello, host);
  EXPECT_THAT(host.sent, ElementsAre(HasSubstr("\"realm\":\"realm1\"")));
}

}  // namespace
}  // namespace proto::wamp2
