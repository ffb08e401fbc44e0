// SPDX-License-Identifier: Apache-2.0
#include "proto/wamp1/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "proto/json.h"

namespace proto::wamp1 {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

struct Read {
  std::string text;
  ClientMessage message;
  std::optional<Reason> bad;

  explicit Read(std::string frame) : text(std::move(frame)) { bad = read_message(text, message); }
  Read(const Read&) = delete;
  Read& operator=(const Read&) = delete;
};

std::string ids(std::size_t count) {
  std::string list = "[";
  for (std::size_t i = 0; i < count; ++i) list += (i == 0 ? "\"" : ",\"") + std::to_string(i) + '"';
  return list + ']';
}

std::string quoted(std::size_t size) { return '"' + std::string(size, 'x') + '"'; }

TEST(Wamp1Message, ReadsPrefixSubscribeAndUnsubscribe) {
  const Read prefix(R"([1, "calc", "http://example.com/simple/calc#"])");
  EXPECT_EQ(prefix.bad, std::nullopt);
  EXPECT_EQ(prefix.message.type, Type::prefix);
  EXPECT_EQ(prefix.message.prefix, "calc");
  EXPECT_EQ(prefix.message.uri, "http://example.com/simple/calc#");

  const Read subscribe(R"([5, "http://example.com/simple"])");
  EXPECT_EQ(subscribe.bad, std::nullopt);
  EXPECT_EQ(subscribe.message.type, Type::subscribe);
  EXPECT_EQ(subscribe.message.uri, "http://example.com/simple");

  const Read unsubscribe(R"( [ 6 , "event:myevent1" ] )");
  EXPECT_EQ(unsubscribe.bad, std::nullopt);
  EXPECT_EQ(unsubscribe.message.type, Type::unsubscribe);
  EXPECT_EQ(unsubscribe.message.uri, "event:myevent1");
}

TEST(Wamp1Message, ReadsCallsOfAnyArguments) {
  struct Case {
    const char* frame;
    const char* id;
  };
  constexpr Case cases[] = {
      {R"([2, "7DK6TdN4wLiUJgNM", "http://example.com/api#howdy"])", R"("7DK6TdN4wLiUJgNM")"},
      {R"([2, "Yp9EFZt9DFkuKndg", "api:add2", 23, 99])", R"("Yp9EFZt9DFkuKndg")"},
      {R"([2, "\u00e9\"", "api:sum", [9, [1], 3], {"a": null}, true])", R"("\u00e9\"")"},
      {R"([2, "", "api:none"])", R"("")"},
  };
  for (const Case& c : cases) {
    const Read call(c.frame);
    EXPECT_EQ(call.bad, std::nullopt) << c.frame;
    EXPECT_EQ(call.message.type, Type::call);
    EXPECT_EQ(call.message.call_id, c.id);
  }
}

TEST(Wamp1Message, ReadsEventsOfEveryKind) {
  struct Case {
    const char* event;
    Kind kind;
    const char* content;
  };
  constexpr Case cases[] = {
      {R"("Hello, world!")", Kind::text, "Hello, world!"},
      {R"("")", Kind::text, ""},
      {R"("\u00fc\n")", Kind::text, "ü\n"},
      {"null", Kind::json, "null"},
      {"-1.50e400", Kind::json, "-1.50e400"},
      {R"({"rand": 0.09187032734575862, "flag": false,"a":[ ]})", Kind::json,
       R"({"rand": 0.09187032734575862, "flag": false,"a":[ ]})"},
      {R"({"base64":"AAE="})", Kind::json, R"({"base64":"AAE="})"},
      {"[]", Kind::json, "[]"},
      {R"(["a", [1]])", Kind::json, R"(["a", [1]])"},
  };
  for (const Case& c : cases) {
    const Read publish(R"([7, "http://example.com/simple", )" + std::string(c.event) + " ]");
    EXPECT_EQ(publish.bad, std::nullopt) << c.event;
    EXPECT_EQ(publish.message.type, Type::publish);
    EXPECT_EQ(publish.message.uri, "http://example.com/simple");
    EXPECT_EQ(publish.message.kind, c.kind) << c.event;
    EXPECT_EQ(publish.message.content, c.content);
    EXPECT_FALSE(publish.message.exclude_me);
    EXPECT_THAT(publish.message.exclude, IsEmpty());
    EXPECT_EQ(publish.message.eligible, std::nullopt);
  }
}

TEST(Wamp1Message, ReadsWhomAnEventIsFor) {
  EXPECT_TRUE(Read(R"([7,"t","e",true])").message.exclude_me);
  const Read included(R"([7,"t","e", false ])");
  EXPECT_EQ(included.bad, std::nullopt);
  EXPECT_FALSE(included.message.exclude_me);

  const Read excluded(R"([7, "event:myevent1", "hello", ["NwtXQ8rdfPsy-ewS", "dYqgDl0FthI6_hjb"]])");
  EXPECT_EQ(excluded.bad, std::nullopt);
  EXPECT_THAT(excluded.message.exclude, ElementsAre("NwtXQ8rdfPsy-ewS", "dYqgDl0FthI6_hjb"));
  EXPECT_EQ(excluded.message.eligible, std::nullopt);

  const Read eligible(R"([7, "event:myevent1", "hello", [], ["NwtXQ8rdfPsy-ewS"]])");
  EXPECT_EQ(eligible.bad, std::nullopt);
  EXPECT_THAT(eligible.message.exclude, IsEmpty());
  EXPECT_THAT(*eligible.message.eligible, ElementsAre("NwtXQ8rdfPsy-ewS"));

  const Read both(R"([7,"t",[1],["a"],["\u0062","a"]])");
  EXPECT_EQ(both.bad, std::nullopt);
  EXPECT_THAT(both.message.exclude, ElementsAre("a"));
  EXPECT_THAT(*both.message.eligible, ElementsAre("b", "a"));

  const Read nobody(R"([7,"t",{},true,[]])");
  EXPECT_EQ(nobody.bad, std::nullopt);
  EXPECT_TRUE(nobody.message.exclude_me);
  EXPECT_THAT(*nobody.message.eligible, IsEmpty());

  const Read most("[7,\"t\",0," + ids(sessions_listed_max) + ',' + ids(sessions_listed_max) + ']');
  EXPECT_EQ(most.bad, std::nullopt);
  EXPECT_THAT(most.message.exclude, SizeIs(sessions_listed_max));
  EXPECT_THAT(*most.message.eligible, SizeIs(sessions_listed_max));
  EXPECT_EQ(Read("[7,\"t\",0,[" + quoted(session_id_bytes_max) + "]]").bad, std::nullopt);
}

TEST(Wamp1Message, WhatIsNoMessageOfAClientIsAProtocolError) {
  const std::string deep(json_depth_max + 1, '[');
  const std::string cases[] = {
      "",
      " ",
      "oops",
      "{}",
      "7",
      "\"5\"",
      "null",
      "[",
      "[]",
      "[]x",
      "[5",
      "[5,",
      "[5,]",
      "[,5]",
      "[\"5\",\"t\"]",
      "[null,\"t\"]",
      "[[5],\"t\"]",
      "[5.0,\"t\"]",
      "[5e0,\"t\"]",
      "[05,\"t\"]",
      "[-5,\"t\"]",
      "[9,\"t\"]",
      "[32,1,{},\"t\"]",
      "[18446744073709551621,\"t\"]",
      // what servers say
      R"([0,"v59mbCGDXZ7WTyxB",1,"Autobahn/0.5.1"])",
      R"([3,"c",null])",
      R"([4,"c","http://e","d"])",
      R"([8,"t","e"])",
      // too little, too much, of another type
      "[1]",
      R"([1,"p"])",
      R"([1,"p","u","x"])",
      R"([1,1,"u"])",
      R"([1,"p",{}])",
      "[2]",
      R"([2,"c"])",
      R"([2,7,"p"])",
      R"([2,null,"p"])",
      R"([2,"c",7])",
      R"([2,"c","p",])",
      R"([2,"c","p",x])",
      R"([2,"c","p",1]])",
      "[5]",
      "[5,5]",
      R"([5,["t"]])",
      R"([5,"t","t"])",
      R"([5,"t"]])",
      R"([5,"t"] x)",
      R"([5,"t)",
      R"([5,"\x"])",
      R"([5,"\ud800"])",
      "[6]",
      R"([6,null])",
      R"([6,"t",{}])",
      "[7]",
      R"([7,"t"])",
      R"([7,"t",])",
      R"([7,7,"e"])",
      R"([7,"t",oops])",
      R"([7,"t","\ud800"])",
      R"([7,"t","e",])",
      R"([7,"t","e",null])",
      R"([7,"t","e",1])",
      R"([7,"t","e","a"])",
      R"([7,"t","e",{}])",
      R"([7,"t","e",[1]])",
      R"([7,"t","e",[null]])",
      R"([7,"t","e",[["a"]]])",
      R"([7,"t","e",["a",]])",
      R"([7,"t","e",[""]])",
      R"([7,"t","e",["a"])",
      R"([7,"t","e",["a)",
      R"([7,"t","e",[],true])",
      R"([7,"t","e",[],null])",
      R"([7,"t","e",[],[1]])",
      R"([7,"t","e",[],[],[]])",
      R"([7,"t","e",tru])",
      R"([7,"t",{"a":1,}])",
      "[7,\"t\"," + deep,
  };
  for (const std::string& frame : cases) EXPECT_EQ(Read(frame).bad, Reason::protocol_error) << frame;
}

TEST(Wamp1Message, WhatIsLongerThanItMayBeIsRefused) {
  EXPECT_EQ(Read("[7,\"t\",0," + ids(sessions_listed_max + 1) + ']').bad, Reason::policy_violation);
  EXPECT_EQ(Read("[7,\"t\",0,[]," + ids(sessions_listed_max + 1) + ']').bad, Reason::policy_violation);
  EXPECT_EQ(Read("[7,\"t\",0,[" + quoted(session_id_bytes_max + 1) + "]]").bad, Reason::policy_violation);
  EXPECT_EQ(Read("[2," + quoted(call_id_bytes_max + 1) + ",\"p\"]").bad, Reason::policy_violation);
  EXPECT_EQ(Read("[2," + quoted(call_id_bytes_max) + ",\"p\"]").bad, std::nullopt);
}

TEST(Wamp1Message, JsonAboveOneMebibyteIsTooBigAndTextIsNot) {
  const std::string large = quoted(json_value_bytes_max);
  EXPECT_EQ(Read("[7,\"t\",[" + large + "]]").bad, Reason::message_too_big);
  const Read text("[7,\"t\"," + large + ']');
  EXPECT_EQ(text.bad, std::nullopt);
  EXPECT_EQ(text.message.content.size(), json_value_bytes_max);
}

TEST(Wamp1Message, IsWholeOrAMistakeWhereverItIsCut) {
  const std::string whole = R"([7,"event:caf\u00e9",{"a":[1,"b"]},["NwtXQ8rdfPsy-ewS"],["dYqgDl0FthI6_hjb"]])";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(Read(whole.substr(0, size)).bad, Reason::protocol_error) << whole.substr(0, size);
  }
  EXPECT_EQ(Read(whole).bad, std::nullopt);
}

}  // namespace
}  // namespace proto::wamp1
