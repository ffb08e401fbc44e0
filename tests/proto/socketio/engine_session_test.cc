// SPDX-License-Identifier: Apache-2.0
// What Engine.IO v4 demands of a session: the open packet, the heartbeat, messages; and the rules of plain endpoints.
#include "proto/socketio/engine_session.h"

#include <gtest/gtest.h>

#include "session_case.h"

namespace proto::socketio {
namespace {

using namespace std::chrono_literals;

// Endpoint 1 is the first plain one.
std::string plain(std::string_view keys) {
  return "engineio: {ping_interval: 8s, ping_timeout: 2s, endpoints: [{path: /e/, " + std::string(keys) + "}]}";
}
const std::string echo = plain("messages: [{match: '*', do: [{send: $message}]}]");

// What was queued joined with its separators, without the first: what a GET is answered.
std::string polled(fakes::SocketClient& client) {
  std::string bytes;
  for (const std::string& piece : client.host.sent) bytes += piece;
  client.host.sent.clear();
  return bytes.substr(std::min<std::size_t>(bytes.size(), 1));
}

TEST(EngineSession, OpensWithWhatTheTransportCanDo) {
  SessionCase with(
      "engineio: {ping_interval: 300ms, ping_timeout: 200ms, max_payload: 2000, endpoints: [{path: /e/}, {path: /p/, "
      "transports: [polling]}]}");
  struct Row {
    std::size_t endpoint;
    Framing framing;
    std::string upgrades;
  };
  for (const Row& row : {Row{1, Framing::polling, R"("websocket")"}, Row{1, Framing::websocket, ""},
                         Row{2, Framing::polling, ""}, Row{0, Framing::polling, R"("websocket")"}}) {
    fakes::SocketClient client(with.broker, *with.endpoints.at(row.endpoint), row.framing);
    EXPECT_EQ(client.hear(), std::vector{R"(0{"sid":"engine-sid-000000001","upgrades":[)" + row.upgrades +
                                         R"(],"pingInterval":300,"pingTimeout":200,"maxPayload":2000})"});
    EXPECT_TRUE(client.session->watches_peer());
  }
}

TEST(EngineSession, EchoesByARule) {
  const std::vector<SessionRow> rows = {
      {"text", {"> 4hello", "< 4hello"}},
      {"empty", {"> 4", "< 4"}},
      {"of all kinds", {"> 4a\xC3\xA9\"\\\n", "< 4a\xC3\xA9\"\\\n"}},
      {"binary", {"> bin:\x01\x02", "< bin:\x01\x02", "> bin:", "< bin:"}},
      {"in order", {"> 4a", "> bin:b", "> 4c", "< 4a", "< bin:b", "< 4c"}},
      {"a pong that nobody asked for", {"> 3", "> 3"}},
      {"a client's ping", {"> 2", "x"}},
      {"a probe", {"> 2probe", "x"}},
      {"close", {"> 4a", "> 1", "< 4a", "x"}},
      {"no known type", {"> 4a", "> abc", "> 4b", "< 4a", "x"}},
  };
  for (const SessionRow& row : rows) {
    for (const Framing framing : framings) {
      SCOPED_TRACE(row.name + ", " + std::string(name(framing)));
      SessionCase with(echo);
      play(with.client(framing, {}, 1), row.script);
    }
  }
}

PayloadResult read(fakes::SocketClient& client, std::string body) {
  PayloadReader reader(body, body.size());
  return client.session->on_payload(reader, body.size() + 1, client.host);
}

TEST(EngineSession, APayloadIsReadPacketByPacket) {
  SessionCase with(echo);
  fakes::SocketClient& client = with.client(Framing::polling, {}, 1);
  EXPECT_EQ(read(client, "4a\x1e"
                         "bAQI=\x1e"
                         "4c"),
            PayloadResult::ok);
  EXPECT_EQ(polled(client),
            "4a\x1e"
            "bAQI=\x1e"
            "4c");
  for (std::string bad : {"abc",
                          "4a\x1e"
                          "7",
                          "4a\x1e",
                          "\x1e"
                          "4a",
                          "", "b*", "4\xFF"}) {
    fakes::SocketClient& other = with.client(Framing::polling, {}, 1);
    EXPECT_EQ(read(other, bad), PayloadResult::malformed) << bad;
    EXPECT_EQ(other.host.closes, std::vector{Reason::protocol_error});
  }
  EXPECT_EQ(read(client, "4a\x1e"
                         "1\x1e"
                         "4b"),
            PayloadResult::ok);
  EXPECT_EQ(polled(client), "4a") << "what is behind the 1 is not looked at";
  EXPECT_EQ(client.host.closes, std::vector{Reason::peer_closed});
}

TEST(EngineSession, APayloadIsReadShareByShare) {
  SessionCase with(echo);
  fakes::SocketClient& client = with.client(Framing::polling, {}, 1);
  std::string body =
      "4one\x1e"
      "4two\x1e"
      "4three\x1e"
      "4four\x1e"
      "x";
  PayloadReader reader(body, body.size());
  EXPECT_EQ(client.session->on_payload(reader, 6, client.host), PayloadResult::more);
  EXPECT_EQ(polled(client),
            "4one\x1e"
            "4two");
  client.host.room = false;
  EXPECT_EQ(client.session->on_payload(reader, 1000, client.host), PayloadResult::more);
  EXPECT_EQ(polled(client), "4three");
  client.host.room = true;
  EXPECT_EQ(client.session->on_payload(reader, 6, client.host), PayloadResult::more) << "a mistake is to come";
  EXPECT_EQ(polled(client), "4four");
  EXPECT_EQ(client.session->on_payload(reader, 6, client.host), PayloadResult::malformed);
  EXPECT_EQ(client.host.closes, std::vector{Reason::protocol_error});
}

TEST(EngineSession, ASeparatorIsTextOnAWebSocketAndCannotBePolled) {
  SessionCase with(plain("messages: [{match: a, do: [{send: \"x\\x1e1\"}]}]"));
  play(with.client(Framing::websocket, {}, 1), {"> 4a",
                                                "< 4x\x1e"
                                                "1"});
  play(with.client(Framing::polling, {}, 1), {"> 4a"});
  EXPECT_EQ(with.broker.observer.notes, std::vector<std::string>{"refused  separator"});
}

TEST(EngineSession, AMessageIsHeldToMaxPayload) {
  SessionCase with(plain("max_payload: 10, messages: [{match: '*', do: [{send: $message}]}]"));
  fakes::SocketClient& client = with.client(Framing::websocket, {}, 1);
  play(client, {"> 4123456789", "< 4123456789"});
  (void)client.say({"41234567890"});
  EXPECT_EQ(client.host.closes, std::vector{Reason::message_too_big});
}

TEST(EngineSession, PingsAndWantsAPong) {
  for (const Framing framing : framings) {
    SCOPED_TRACE(name(framing));
    SessionCase with(echo);
    fakes::SocketClient& client = with.client(framing, {}, 1);
    ASSERT_TRUE(client.host.wake);
    EXPECT_LE(*client.host.wake, 8s);
    EXPECT_GE(*client.host.wake, 7s) << "the first may be an eighth earlier";
    for (int round = 0; round < 3; ++round) {
      client.pass(client.host.wake->count() - 1);
      EXPECT_EQ(client.hear(), std::vector<std::string>()) << "not yet";
      client.pass(1);
      EXPECT_EQ(client.hear(), std::vector<std::string>{"2"});
      EXPECT_EQ(client.host.wake, 2s) << "for the answer";
      client.pass(1999);
      EXPECT_FALSE(client.session->is_overdue(client.host.now));
      play(client, {"> 4x", "< 4x", "> 3", "> 3"});
      EXPECT_EQ(client.host.wake, 8s);
    }
    client.pass(8000);
    play(client, {"< 2", "> 4x", "< 4x"}, client.hear());
    client.host.now.steady_ms += 2000;
    EXPECT_TRUE(client.session->is_overdue(client.host.now)) << "before the timer has said so";
    client.pass(2000);
    EXPECT_EQ(client.host.closes, std::vector{Reason::ping_timeout});
    client.pass(100'000);
    EXPECT_EQ(client.host.closes.size(), 1) << "nothing more is done";
  }
}

TEST(EngineSession, SessionsThatOpenedTogetherPingApart) {
  SessionCase with(echo);
  std::set<std::int64_t> due;
  for (char last = 'a'; last <= 'z'; ++last) {
    fakes::FakeHost host;
    const std::string sid = std::string(19, 'x') + last;
    const auto session = open_session(*with.endpoints.at(1), with.broker.services, {.sid = sid});
    session->on_open(host);
    due.insert(host.wake->count());
  }
  EXPECT_GT(due.size(), 20);
}

TEST(EngineSession, RulesOfAPlainEndpoint) {
  SessionCase with(
      plain("subscribe: [news], on_connect: [{send: $query.who}], messages: [{match: bye, do: [{send: ok}, disconnect, "
            "{send: "
            "never}]}, {match: 'p*', do: [{publish: inbox}]}, {match: none, do: [drop]}]"));
  EXPECT_EQ(with.endpoints.at(1)
                ->opening([] {
                  http::Request request;
                  request.query = {{"who", "Ada"}, {"t", "x"}};
                  return request;
                }())
                .query,
            (std::vector<std::pair<std::string, std::string>>{{"who", "Ada"}}));
  fakes::SocketClient& client = with.client(Framing::websocket, {.query = {{"who", "Ada"}}, .headers = {}}, 1);
  EXPECT_EQ(with.early, std::vector<std::string>{"4Ada"});
  ASSERT_EQ(client.host.subscribes.size(), 1);
  EXPECT_EQ(client.host.subscribes[0].topic, "news");
  ASSERT_NE(client.session->wire_format_of("news"), nullptr);
  play(client, {"> 4none", "> 4unheard of", "> 4publish"});
  ASSERT_EQ(client.host.publishes.size(), 1);
  EXPECT_EQ(client.host.publishes[0], (fakes::FakeHost::Publish{0, "inbox", "", Kind::text, "publish"}));
  EXPECT_EQ(client.host.by_rule, std::vector<bool>{true});
  play(client, {"> 4bye", "< 4ok", "x"});
}

TEST(EngineSession, WhatARefusalSaysIsNotForPlainSessionsToAnswer) {
  SessionCase with(plain("messages: [{match: '*', do: [{publish: inbox}]}]"));
  fakes::SocketClient& client = with.client(Framing::websocket, {}, 1);
  client.host.refusals["inbox"] = refusal(Reason::too_many_topics, "no");
  play(client, {"> 4a"});
  EXPECT_EQ(with.broker.observer.notes, std::vector<std::string>{"refused  too_many_topics"});
}

}  // namespace
}  // namespace proto::socketio
