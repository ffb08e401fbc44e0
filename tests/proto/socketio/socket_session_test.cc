// SPDX-License-Identifier: Apache-2.0
// What Socket.IO v5 demands, packet by packet and over each transport, without anything around the session.
#include "proto/socketio/socket_session.h"

#include <gtest/gtest.h>

#include "session_case.h"

namespace proto::socketio {
namespace {

constexpr std::string_view events = R"(
        - {event: message, do: [{emit: {event: message-back, args: [$args]}}]}
        - {event: message-with-ack, ack: [$args]}
        - {event: kick me, do: [disconnect]}
        - {event: ask me, do: [{ask: {event: question, args: [$args], then: [{emit: {event: answer, args: [$args]}}]}}]})";

const std::string& steady() {
  static const std::string yaml = R"(
socketio:
  namespaces:
    "/":
      refuse: [{when: {query.fail: present}, message: not today, data: {retry: [1, 2]}}]
      on_connect: [{emit: {event: auth, args: [$auth]}}]
      events:)" + std::string(events) +
                                  R"(
    /custom:
      on_connect: [{emit: {event: auth, args: [$auth]}}]
      events:)" + std::string(events);
  return yaml;
}

const Script joined = {"> 40", R"(< 40{"sid":"secret-0000000000001"})", R"(< 42["auth",{}])"};
const Script joined_custom = {"> 40/custom,", R"(< 40/custom,{"sid":"secret-0000000000002"})",
                              R"(< 42/custom,["auth",{}])"};

TEST(SocketSession, ConnectIsAnsweredBeforeAnyEvent) {
  play_all(
      steady(), {},
      {{"main", joined},
       {"auth", {R"(> 40{"token":"123"})", R"(< 40{"sid":"secret-0000000000001"})", R"(< 42["auth",{"token":"123"}])"}},
       {"secrets of the recovery are not shown",
        {R"(> 40{"pid":"a","offset":"b","c":1})", R"(< 40{"sid":"secret-0000000000001"})", R"(< 42["auth",{"c":1}])"}},
       {"both", joined + joined_custom},
       {"without a comma",
        {"> 40/custom", R"(< 40/custom,{"sid":"secret-0000000000001"})", R"(< 42/custom,["auth",{}])"}},
       {"the main one by its name", {"> 40/,", R"(< 40{"sid":"secret-0000000000001"})", R"(< 42["auth",{}])"}},
       {"both at once",
        {"> 40", "> 40/custom,", R"(< 40{"sid":"secret-0000000000001"})", R"(< 42["auth",{}])",
         R"(< 40/custom,{"sid":"secret-0000000000002"})", R"(< 42/custom,["auth",{}])"}},
       {"one that is not there", Script{"> 40/random,", R"(< 44/random,{"message":"Invalid namespace"})"} + joined}});
}

TEST(SocketSession, WhoMayNotComeInIsToldWhy) {
  const Script refused = {"> 40", R"(< 44{"message":"not today","data":{"retry":[1,2]}})"};
  play_all(steady(), {},
           {{"twice", refused + refused},
            {"another namespace",
             {"> 40/custom", R"(< 40/custom,{"sid":"secret-0000000000001"})", R"(< 42/custom,["auth",{}])"}}},
           {.query = {{"fail", "1"}}, .headers = {}});
}

TEST(SocketSession, NamespacesAreBounded) {
  SessionCase with(steady(), {.namespaces_max = 1});
  fakes::SocketClient& client = with.client();
  play(client, joined + Script{"> 40/custom,", R"(< 44/custom,{"message":"Too many namespaces"})"});
}

TEST(SocketSession, WhatNoClientSaysEndsTheSession) {
  std::vector<SessionRow> rows;
  for (const std::string packet : {"4abc",
                                   "47",
                                   "4-",
                                   "4",
                                   "40",
                                   R"(44{"message":"a"})",
                                   "42{}",
                                   "42[]",
                                   R"(42"message")",
                                   "42[null]",
                                   R"(42["message"]x)",
                                   R"(42["connect"])",
                                   R"(42["\u0063onnect"])",
                                   R"(42abc["message-with-ack",1])",
                                   "431{}",
                                   "43[",
                                   "41{}",
                                   "41x",
                                   R"(42/custom,["message"])",
                                   "43/custom,1[]",
                                   "41/custom,",
                                   R"(42/nope,["message"])",
                                   R"(4511-["message"])",
                                   R"(45-["message"])",
                                   "bin:a",
                                   "2",
                                   "2probe",
                                   "7",
                                   "abc",
                                   "1"}) {
    rows.push_back({packet, {"> " + packet, "x"}});
  }
  const std::string header = R"(> 451-["message",{"_placeholder":true,"num":0}])";
  rows.push_back({"a second CONNECT", {"> 40", "x"}});
  rows.push_back({"text between", {header, R"(> 42["message"])", "x"}});
  rows.push_back({"a header between", {header, header, "x"}});
  rows.push_back({"a placeholder of none", {R"(> 451-["message",{"_placeholder":true,"num":1}])", "x"}});
  rows.push_back({"what follows is not looked at", {"> 4abc", R"(> 42["message","a"])", "x"}});
  play_all(steady(), joined, rows);

  rows.clear();
  for (const std::string packet :
       {R"(42["message","a"])", R"(430["a"])", "41", "40[]", R"(40"a")", "40null", "bin:a"}) {
    rows.push_back({packet, {"> " + packet, "x"}});
  }
  rows.push_back({"binary", {R"(> 451-["message",{"_placeholder":true,"num":0}])", "> bin:a", "x"}});
  play_all(steady(), {}, rows);
}

TEST(SocketSession, EventsComeBackAsTheRulesSay) {
  play_all(steady(), joined,
           {{"arguments", {R"(> 42["message",1,"2",{"3":[true]}])", R"(< 42["message-back",1,"2",{"3":[true]}])"}},
            {"none", {R"(> 42["message"])", R"(< 42["message-back"])"}},
            {"ack", {R"(> 42456["message-with-ack",1,"2"])", R"(< 43456[1,"2"])"}},
            {"ack without arguments", {R"(> 420["message-with-ack"])", "< 430[]"}},
            {"no ack was asked for", {R"(> 42["message-with-ack","a"])"}},
            {"in order",
             {R"(> 421["message-with-ack","a"])", R"(> 42["message","b"])", R"(> 422["message-with-ack","c"])",
              R"(< 431["a"])", R"(< 42["message-back","b"])", R"(< 432["c"])"}},
            {"no rule",
             {R"(> 42["unheard of",1])", "> 421[1]", R"(> 435["a"])", R"(> 461-5[{"_placeholder":true,"num":0}])",
              "> bin:a"}},
            {"custom", joined_custom + Script{R"(> 42/custom,12["message-with-ack","a"])", R"(< 43/custom,12["a"])"}}});
}

TEST(SocketSession, AttachmentsStayWithTheirHeader) {
  const std::string two = R"(,{"_placeholder":true,"num":0},{"a":[{"_placeholder":true,"num":1}]}])";
  play_all(
      steady(), joined,
      {{"event",
        {"> 452-[\"message\"" + two, "> bin:\x01", "> bin:", "< 452-[\"message-back\"" + two, "< bin:\x01", "< bin:"}},
       {"ack",
        {"> 452-789[\"message-with-ack\"" + two, "> bin:a", "> bin:b", "< 462-789[" + two.substr(1), "< bin:a",
         "< bin:b"}}});
}

TEST(SocketSession, AsksAndHearsOnce) {
  play_all(steady(), joined,
           {{"text",
             {R"(> 42["ask me","a"])", R"(< 421["question","a"])", R"(> 431["yes",1])", R"(< 42["answer","yes",1])"}},
            {"once", {R"(> 42["ask me"])", R"(< 421["question"])", "> 431[1]", R"(< 42["answer",1])", "> 431[2]"}},
            {"binary",
             {R"(> 42["ask me"])", R"(< 421["question"])", R"(> 461-1[{"_placeholder":true,"num":0}])", "> bin:a",
              R"(< 451-["answer",{"_placeholder":true,"num":0}])", "< bin:a"}}});
}

TEST(SocketSession, WhoLeavesANamespaceStaysOnTheTransport) {
  const Script back = {"> 40", R"(< 40{"sid":"secret-0000000000002"})", R"(< 42["auth",{}])"};
  play_all(steady(), joined,
           {{"and back", Script{"> 41"} + back},
            {"and back at once", {"> 41", "> 40", R"(< 40{"sid":"secret-0000000000002"})", R"(< 42["auth",{}])"}},
            {"while it is being connected", {"> 41", "> 40", "> 41"}},
            {"and says more", {"> 41", R"(> 42["message"])", "x"}},
            {"twice", {"> 41", "> 41", "x"}},
            {"is kicked", Script{R"(> 42["kick me"])", "< 41"} + back},
            {"of two",
             joined_custom + Script{"> 41", R"(> 42/custom,["message",1])", R"(< 42/custom,["message-back",1])"}}});
}

TEST(SocketSession, SomebodyMustConnectInTime) {
  for (const Framing framing : framings) {
    SCOPED_TRACE(name(framing));
    SessionCase with("socketio: {connect_timeout: 1s, ping_interval: 5s}");
    fakes::SocketClient& silent = with.client(framing);
    fakes::SocketClient& there = with.client(framing);
    EXPECT_EQ(silent.host.wake, std::chrono::seconds(1));
    play(there, {"> 40", R"(< 40{"sid":"secret-0000000000101"})", "> 41"});
    silent.pass(999);
    EXPECT_FALSE(silent.is_closed());
    silent.pass(1);
    EXPECT_EQ(silent.host.closes, std::vector{Reason::connect_timeout});
    there.pass(0);
    EXPECT_FALSE(there.is_closed());
  }
}

}  // namespace
}  // namespace proto::socketio
