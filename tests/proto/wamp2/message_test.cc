// SPDX-License-Identifier: Apache-2.0
#include "proto/wamp2/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/json.h"

namespace proto::wamp2 {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A message and the text that it views.
struct Read {
  explicit Read(std::string_view frame) : text(frame) { fault = read_message(text, message); }
  std::string text;
  Incoming message;
  std::optional<Fault> fault;
};

std::string fault_of(std::string_view frame) {
  const Read read(frame);
  if (!read.fault) return "";
  return (read.fault->ends_session() ? "violation: " : std::string(read.fault->uri) + ": ") + read.fault->message;
}

// The messages of the specification's test suite (wamp-proto: testsuite/singlemessage) that clients send to a broker.
TEST(WampMessage, TakesTheSpecificationsMessages) {
  const struct {
    std::string_view frame;
    Code code;
    std::uint64_t request;
    std::string_view uri;
  } rows[] = {
      {R"([1, "com.example.realm", {"roles": {"subscriber": {}, "publisher": {}}}])", Code::hello, 0,
       "com.example.realm"},
      {R"([1,"com.example.realm",{"roles":{"subscriber":{},"publisher":{}}}])", Code::hello, 0, "com.example.realm"},
      {R"([3, {}, "wamp.error.system_shutdown"])", Code::abort, 0, "wamp.error.system_shutdown"},
      {R"([3,{},"wamp.error.x",[1],{"a":2}])", Code::abort, 0, "wamp.error.x"},
      {R"([6, {}, "wamp.close.normal"])", Code::goodbye, 0, "wamp.close.normal"},
      {R"([16, 239714735, {}, "com.myapp.mytopic1", ["Hello, world!"]])", Code::publish, 239714735,
       "com.myapp.mytopic1"},
      {R"([16,987654321,{"forward_for":[{"session":3456789012,"authid":"client1","authrole":"frontend"}]},)"
       R"("com.myapp.topic2",[42,"test"]])",
       Code::publish, 987654321, "com.myapp.topic2"},
      {R"([16,987654321,{},"com.myapp.signal"])", Code::publish, 987654321, "com.myapp.signal"},
      {R"([16,123,{"retain":true},"com.example.topic"])", Code::publish, 123, "com.example.topic"},
      {R"([16,123,{"transaction_hash":"abc123"},"com.example.topic"])", Code::publish, 123, "com.example.topic"},
      {R"([32, 713845233, {}, "com.myapp.mytopic1"])", Code::subscribe, 713845233, "com.myapp.mytopic1"},
      {R"([32,123,{"match":"exact"},"com.example.topic"])", Code::subscribe, 123, "com.example.topic"},
      {R"([34, 85346237, 5512315355])", Code::unsubscribe, 85346237, ""},
      {R"([48, 7814135, {}, "com.myapp.myprocedure1", ["Hello, world!"]])", Code::call, 7814135, ""},
      {R"([49,7814135,{}])", Code::cancel, 7814135, ""},
      {R"([64, 25349185, {}, "com.myapp.myprocedure1"])", Code::register_, 25349185, ""},
      {R"([66, 788923562, 2103333224])", Code::unregister, 788923562, ""},
      {R"([32,9007199254740992,{},"x"])", Code::subscribe, 9007199254740992, "x"},
  };
  for (const auto& row : rows) {
    const Read read(row.frame);
    EXPECT_EQ(fault_of(row.frame), "") << row.frame;
    EXPECT_EQ(read.message.code, row.code) << row.frame;
    EXPECT_EQ(read.message.request, row.request) << row.frame;
    EXPECT_EQ(read.message.uri, row.uri) << row.frame;
  }
  EXPECT_EQ(Read("[34, 85346237, 5512315355]").message.subscription, 5512315355U);
}

TEST(WampMessage, ReadsPublishOptions) {
  const Read none(R"([16,1,{},"x"])");
  EXPECT_FALSE(none.message.publish.acknowledge);
  EXPECT_TRUE(none.message.publish.exclude_me);
  EXPECT_FALSE(none.message.publish.disclose_me);
  EXPECT_TRUE(none.message.publish.for_anonymous);
  EXPECT_THAT(none.message.publish.exclude, ElementsAre());
  EXPECT_EQ(none.message.publish.eligible, std::nullopt);

  const Read all(R"([16,1,{"acknowledge":true,"exclude_me":false,"disclose_me":true,"exclude":[123, 456],)"
                 R"("eligible":[9007199254740992],"unknown":{"a":[1]}},"x"])");
  EXPECT_EQ(all.fault, std::nullopt);
  EXPECT_TRUE(all.message.publish.acknowledge);
  EXPECT_FALSE(all.message.publish.exclude_me);
  EXPECT_TRUE(all.message.publish.disclose_me);
  EXPECT_THAT(all.message.publish.exclude, ElementsAre(123, 456));
  EXPECT_THAT(all.message.publish.eligible.value(), ElementsAre(9007199254740992));

  EXPECT_THAT(Read(R"([16,1,{"eligible":[]},"x"])").message.publish.eligible.value(), ElementsAre());
}

TEST(WampMessage, AllSessionsAreAnonymous) {
  const struct {
    std::string_view options;
    bool for_anonymous;
  } rows[] = {
      {R"("exclude_authid":[])", true},
      {R"("exclude_authid":["alice","bob"])", true},
      {R"("exclude_authid":["alice","anonymous"])", false},
      {R"("exclude_authrole":["manager","staff"])", true},
      {R"("exclude_authrole":["anonymous"])", false},
      {R"("eligible_authid":["alice"])", false},
      {R"("eligible_authid":["anonymous"])", true},
      {R"("eligible_authid":[])", false},
      {R"("eligible_authrole":["manager"])", false},
      {R"("eligible_authrole":["manager","anonymous"])", true},
      {R"("eligible_authrole":["anonymous"],"exclude_authid":["anonymous"])", false},
  };
  for (const auto& row : rows) {
    const std::string frame = "[16,1,{" + std::string(row.options) + "},\"x\"]";
    EXPECT_EQ(fault_of(frame), "") << frame;
    EXPECT_EQ(Read(frame).message.publish.for_anonymous, row.for_anonymous) << frame;
  }
}

TEST(WampMessage, ReadsSubscribeOptions) {
  const Read none(R"([32,1,{},"x"])");
  EXPECT_FALSE(none.message.subscribe.get_retained);
  EXPECT_EQ(none.message.subscribe.offset, std::nullopt);
  const Read all(R"([32,1,{"get_retained":true,"_kodama_epoch":"5f3a","_kodama_offset":41},"x"])");
  EXPECT_EQ(all.fault, std::nullopt);
  EXPECT_TRUE(all.message.subscribe.get_retained);
  EXPECT_EQ(all.message.subscribe.epoch, 0x5f3aU);
  EXPECT_EQ(all.message.subscribe.offset, 41U);
}

TEST(WampMessage, ReadsAuthmethods) {
  for (const std::string_view details :
       {R"({})", R"({"authmethods":[]})", R"({"authmethods":["ticket","anonymous"],"authid":"joe"})"}) {
    EXPECT_TRUE(Read("[1,\"realm1\"," + std::string(details) + "]").message.hello.takes_anonymous) << details;
  }
  EXPECT_FALSE(Read(R"([1,"realm1",{"authmethods":["ticket","wampcra"]}])").message.hello.takes_anonymous);
}

TEST(WampMessage, ArgumentsBecomeContent) {
  const struct {
    std::string_view payload;
    Kind kind;
    std::string_view content;
  } rows[] = {
      {"", Kind::json, "[]"},
      {",[]", Kind::json, "[]"},
      {",[],{}", Kind::json, "[]"},
      {R"(,["hi"])", Kind::text, "hi"},
      {R"(, [ "hi" ] , { } )", Kind::text, "hi"},
      {R"(,["a\n\"\u00e9"])", Kind::text, "a\n\"é"},
      {R"(,[""])", Kind::text, ""},
      {R"(,["\u0000AAEC"])", Kind::binary, std::string_view("\0\1\2", 3)},
      {R"(,["\u0000"])", Kind::binary, ""},
      {R"(,["\u0000AAE"])", Kind::text, std::string_view("\0AAE", 4)},
      {R"(,["\u0000AAEC",1])", Kind::json, R"(["\u0000AAEC",1])"},
      {R"(,["a","b"])", Kind::json, R"(["a","b"])"},
      {R"(,[1e400,  {"a":"\u00e9"}])", Kind::json, R"([1e400,  {"a":"\u00e9"}])"},
      {R"(,[1,"a"])", Kind::json, R"([1,"a"])"},
      {R"(,[["hi"]])", Kind::json, R"([["hi"]])"},
      {R"(,["hi"],{"a":1})", Kind::json, R"({"args":["hi"],"kwargs":{"a":1}})"},
      {R"(,["\u0000AAEC"],{"a":1})", Kind::json, R"({"args":["\u0000AAEC"],"kwargs":{"a":1}})"},
      {R"(,[],{"color":"orange", "sizes":[23, 42, 7]})", Kind::json,
       R"({"args":[],"kwargs":{"color":"orange", "sizes":[23, 42, 7]}})"},
      {R"(,["\ud800"])", Kind::text, "\uFFFD"},
      {R"(,["\ud800",1])", Kind::json, R"(["\ufffd",1])"},
  };
  for (const auto& row : rows) {
    const Read read("[16,1,{},\"x\"" + std::string(row.payload) + "]");
    EXPECT_EQ(read.fault, std::nullopt) << row.payload;
    EXPECT_EQ(read.message.kind, row.kind) << row.payload;
    EXPECT_EQ(read.message.content, row.content) << row.payload;
    if (read.message.kind != Kind::json) continue;
    std::string copy(read.message.content);
    EXPECT_EQ(check_json(copy), std::nullopt) << row.payload;
  }
}

TEST(WampMessage, ViolationsEndTheSession) {
  const struct {
    std::string_view frame;
    std::string_view says;
  } rows[] = {
      {"", "list"},
      {"x", "list"},
      {"{}", "list"},
      {"16", "list"},
      {"[", "it ends too early"},
      {"[]", "type is missing"},
      {"[null]", "begins with its type"},
      {R"(["16",1,{},"x"])", "begins with its type"},
      {"[16.0,1,{},\"x\"]", "begins with its type"},
      {"[0,1,{},\"x\"]", "begins with its type"},
      {"[99999999999,1]", "no client sends"},
      // For clients alone, for other roles, of the advanced profile, and beyond.
      {R"([2,1,{"roles":{}}])", "no client sends"},
      {R"([4,"ticket",{}])", "no client sends"},
      {R"([5,"secret",{}])", "no client sends"},
      {R"([8,48,7814135,{},"com.myapp.error"])", "no client sends"},
      {"[17,1,2]", "no client sends"},
      {"[33,1,2]", "no client sends"},
      {"[35,1]", "no client sends"},
      {"[36,1,2,{}]", "no client sends"},
      {"[70, 6131533, {}]", "no client sends"},
      {"[337,5512315355]", "no client sends"},
      // Elements.
      {"[1]", "the realm is missing"},
      {"[1,1,{}]", "the realm is a string"},
      {R"([1,"realm1"])", "HELLO's details is missing"},
      {R"([1,"realm1",[]])", "HELLO's details is a dictionary"},
      {R"([1,"realm1",{},1])", "longer"},
      {R"([1,"realm1",{"roles":[]}])", "roles is a dictionary"},
      {R"([1,"realm1",{"authmethods":"anonymous"}])", "authmethods is a list"},
      {R"([1,"realm1",{"authmethods":[1]}])", "authmethods is a string"},
      {"[6]", "its details is missing"},
      {R"([6,{}])", "its reason is missing"},
      {R"([6,[],"x"])", "its details are a dictionary"},
      {R"([6,{},1])", "its reason is a string"},
      {R"([6,{},"x",[]])", "longer"},
      {R"([3,{},"x",{}])", "the arguments are a list"},
      {R"([3,{},"x",[],[]])", "the keyword arguments are a dictionary"},
      {R"([3,{},"x",[],{},1])", "longer"},
      {"[16]", "the request's id is missing"},
      {R"([16,0,{},"x"])", "a request is a whole number"},
      {R"([16,-1,{},"x"])", "a request is a whole number"},
      {R"([16,1.5,{},"x"])", "a request is a whole number"},
      {R"([16,"1",{},"x"])", "a request is a whole number"},
      {R"([16,9007199254740993,{},"x"])", "a request is a whole number"},
      {"[16,1]", "PUBLISH's options is missing"},
      {R"([16,1,[],"x"])", "PUBLISH's options is a dictionary"},
      {"[16,1,{}]", "the topic is missing"},
      {"[16,1,{},null]", "the topic is a string"},
      {R"([16,1,{},"x",{}])", "the arguments are a list"},
      {R"([16,1,{"enc_algo":"cryptobox"},"x","\u0000gqVjb2xvcqZvcmFuZ2Wlc2l6ZXOTFwAqBw=="])",
       "the arguments are a list"},
      {R"([16,1,{"ppt_scheme":"x_x"},"x",["\u0000AAEC"]])", "payload passthru"},
      {R"([16,1,{},"x",[],[]])", "the keyword arguments are a dictionary"},
      {R"([16,1,{},"x",[],{},1])", "longer"},
      {R"([32,1,{},"x",[]])", "longer"},
      {R"([34,1,"2"])", "a subscription is a whole number"},
      {"[34,1]", "the subscription's id is missing"},
      {"[34,1,2,3]", "longer"},
      {R"([48,"x"])", "a request is a whole number"},
      // Options, from the specification's test suite.
      {R"([16,123,{"acknowledge":"hello"},"com.example.topic"])", "acknowledge"},
      {R"([16,123,{"acknowledge":1},"com.example.topic"])", "acknowledge"},
      {R"([16,123,{"exclude_me":"hello"},"com.example.topic"])", "exclude_me"},
      {R"([16,123,{"exclude":"hello"},"com.example.topic"])", "exclude"},
      {R"([16,123,{"exclude":["hello"]},"com.example.topic"])", "exclude"},
      {R"([16,123,{"exclude_authid":"hello"},"com.example.topic"])", "exclude_authid"},
      {R"([16,123,{"exclude_authid":[123]},"com.example.topic"])", "exclude_authid"},
      {R"([16,123,{"exclude_authrole":"manager"},"com.example.topic"])", "exclude_authrole"},
      {R"([16,123,{"eligible":"hello"},"com.example.topic"])", "eligible"},
      {R"([16,123,{"eligible_authid":123},"com.example.topic"])", "eligible_authid"},
      {R"([16,123,{"eligible_authrole":[123]},"com.example.topic"])", "eligible_authrole"},
      {R"([16,123,{"retain":"hello"},"com.example.topic"])", "retain"},
      {R"([32,123,{"match":"invalid"},"com.example.topic"])", "match"},
      {R"([32,123,{"match":123},"com.example.topic"])", "match"},
      {R"([32,123,{"get_retained":"hello"},"com.example.topic"])", "get_retained"},
      {R"([32,123,{"_kodama_epoch":1,"_kodama_offset":1},"x"])", "_kodama_epoch is a string"},
      // Grammar.
      {R"([16,1,{},"x",[1,]])", "not JSON"},
      {R"([16,1,{},"x",[1])", "not JSON"},
      {R"([16,1,{},"x"]])", "not JSON"},
      {R"([16,1,{},"x",["\q"]])", "not JSON"},
      {R"([16,1,{"a":},"x"])", "not JSON"},
      {R"([16,1,{,"x"])", "not JSON"},
  };
  for (const auto& row : rows) {
    EXPECT_THAT(fault_of(row.frame), HasSubstr("violation: ")) << row.frame;
    EXPECT_THAT(fault_of(row.frame), HasSubstr(row.says)) << row.frame;
  }
}

TEST(WampMessage, RequestsThatCannotBe) {
  std::string crowd = "1";
  for (int i = 2; i <= 64; ++i) crowd += "," + std::to_string(i);
  const struct {
    std::string frame;
    std::string_view says;
  } rows[] = {
      {R"([32,1,{"match":"prefix"},"com."])", "wamp.error.option_not_allowed: "},
      {R"([32,1,{"match":"wildcard"},"com..x"])", "wamp.error.option_not_allowed: "},
      {R"([32,1,{"_kodama_epoch":"xyz","_kodama_offset":1},"x"])", "wamp.error.invalid_argument: _kodama_epoch"},
      {R"([32,1,{"_kodama_epoch":"5f3a"},"x"])", "wamp.error.invalid_argument: _kodama_epoch goes with"},
      {R"([32,1,{"_kodama_offset":-1},"x"])", "wamp.error.invalid_argument: _kodama_offset"},
      {R"([32,1,{"_kodama_offset":"1"},"x"])", "wamp.error.invalid_argument: _kodama_offset"},
      {R"([16,1,{"exclude":[)" + crowd + R"(,65]},"x"])", "wamp.error.invalid_argument: exclude"},
      {R"([16,1,{"eligible":[)" + crowd + R"(,65]},"x"])", "wamp.error.invalid_argument: eligible"},
  };
  for (const auto& row : rows) {
    EXPECT_THAT(fault_of(row.frame), HasSubstr(row.says)) << row.frame;
    EXPECT_EQ(Read(row.frame).message.request, 1U) << row.frame;
  }
  EXPECT_EQ(fault_of(R"([16,1,{"exclude":[)" + crowd + R"(],"eligible":[)" + crowd + R"(]},"x"])"), "");
  // What is wrong with the grammar behind it weighs more.
  EXPECT_THAT(fault_of(R"([32,1,{"match":"prefix"},"x)"), HasSubstr("violation: "));
  EXPECT_THAT(fault_of(R"([32,1,{"match":"prefix"},"x"]x)"), HasSubstr("violation: "));
}

TEST(WampMessage, DepthIsBounded) {
  const auto nested = [](int levels) {
    return std::string(static_cast<std::size_t>(levels), '[') + std::string(static_cast<std::size_t>(levels), ']');
  };
  const std::string frame = "[16,1,{},\"x\",";
  EXPECT_EQ(fault_of(frame + nested(63) + "]"), "");
  EXPECT_THAT(fault_of(frame + nested(64) + "]"), HasSubstr("64 levels"));
  EXPECT_EQ(fault_of(frame + nested(63) + ",{\"a\":" + nested(62) + "}]"), "");
  EXPECT_THAT(fault_of(frame + "[],{\"a\":" + nested(63) + "}]"), HasSubstr("64 levels"));
  const Read both(frame + nested(63) + ",{\"a\":" + nested(62) + "}]");
  std::string content(both.message.content);
  EXPECT_EQ(check_json(content), std::nullopt);
  EXPECT_THAT(fault_of("[16,1,{\"a\":" + nested(63) + "},\"x\"]"), HasSubstr("64 levels"));
  EXPECT_THAT(fault_of(nested(1000)), HasSubstr("violation: "));
  EXPECT_THAT(fault_of(std::string(1000000, '[')), HasSubstr("violation: "));
}

TEST(WampMessage, JsonIsBoundedAndTextIsNot) {
  const std::string half(600 * 1024, 'x');
  const std::string frame = "[16,1,{\"acknowledge\":true},\"x\",";
  const std::string refused = "wamp.error.payload_size_exceeded: ";
  EXPECT_EQ(Read(frame + "[\"" + half + half + "\"]]").message.content, half + half);
  EXPECT_EQ(fault_of(frame + "[\"" + half + "\",1]]"), "");
  EXPECT_THAT(fault_of(frame + "[\"" + half + "\",\"" + half + "\"]]"), HasSubstr(refused));
  EXPECT_THAT(fault_of(frame + "[[\"" + half + "\",\"" + half + "\"]]]"), HasSubstr(refused));
  EXPECT_THAT(fault_of(frame + "[\"" + half + "\"],{\"a\":\"" + half + "\"}]"), HasSubstr(refused));
  EXPECT_THAT(fault_of(frame + "[],{\"a\":\"" + half + half + "\"}]"), HasSubstr(refused));
  EXPECT_TRUE(Read(frame + "[[\"" + half + "\",\"" + half + "\"]]]").message.publish.acknowledge);
}

}  // namespace
}  // namespace proto::wamp2
