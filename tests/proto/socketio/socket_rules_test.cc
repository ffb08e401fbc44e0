// SPDX-License-Identifier: Apache-2.0
// What rules do for several clients: broadcasts, rooms, data, rates, repetitions, acknowledgements and replays.
#include <gtest/gtest.h>

#include "proto/attachments.h"
#include "proto/socketio/socket.h"
#include "session_case.h"

namespace proto::socketio {
namespace {

using Heard = std::vector<std::string>;

std::string rules(std::string_view events, std::string_view more = "") {
  return "socketio: {namespaces: {/: {rooms: ['room-*'], " + std::string(more) + " events: [" + std::string(events) +
         "]}}}";
}

// Connected, and has heard the answer.
fakes::SocketClient& join(SessionCase& with, Framing framing = Framing::websocket, std::string_view auth = "") {
  fakes::SocketClient& client = with.client(framing);
  (void)client.say({"40" + std::string(auth)});
  const Heard heard = client.hear();
  EXPECT_TRUE(!heard.empty() && heard[0].starts_with("40")) << "the answer to the CONNECT";
  return client;
}

TEST(SocketRules, ABroadcastIsForThoseWhomItNames) {
  SessionCase with(rules(R"(
    {event: all, do: [{broadcast: {}}]}, {event: others, do: [{broadcast: {sender: false}}]},
    {event: join, do: [{join: $0}], ack: []}, {event: leave, do: [{leave: $0}], ack: []},
    {event: room, do: [{broadcast: {to: [$0], args: [$1]}}]},
    {event: rooms, do: [{broadcast: {to: [$args], args: []}}]},
    {event: except, do: [{broadcast: {except: [$0]}}]},
    {event: member, do: [{broadcast: {to: [$0], member: true, sender: false}}]})"));
  fakes::SocketClient& a = join(with);
  fakes::SocketClient& b = join(with, Framing::polling);
  fakes::SocketClient& c = join(with, Framing::websocket_base64);
  play(a, {R"(> 421["join","room-1"])", "< 431[]"});
  play(b, {R"(> 421["join","room-1"])", "< 431[]", R"(> 422["join","room-2"])", "< 432[]", R"(> 423["join","room-1"])",
           "< 433[]"});
  struct Row {
    std::string said;
    Heard a, b, c;
  };
  const std::string all = R"(42["all",1])", others = R"(42["others"])", room = R"(42["room","hi"])",
                    rooms = R"(42["rooms"])", except = R"(42["except","room-1"])", member = R"(42["member","room-1"])";
  const Row rows[] = {
      {all, {all}, {all}, {all}},
      {others, {}, {others}, {others}},
      {R"(42["room","room-1","hi"])", {room}, {room}, {}},
      {R"(42["room","room-3","hi"])", {}, {}, {}},
      {R"(42["rooms","room-1","room-2"])", {rooms}, {rooms}, {}},
      {except, {}, {}, {except}},
      {member, {}, {member}, {}},
      {R"(42["member","room-2"])", {}, {}, {}},
      {R"(42["room","$sid/x","hi"])", {}, {}, {}},
  };
  for (const Row& row : rows) {
    (void)a.say({row.said});
    EXPECT_EQ(a.hear(), row.a) << row.said;
    EXPECT_EQ(b.hear(), row.b) << row.said;
    EXPECT_EQ(c.hear(), row.c) << row.said;
  }
  play(b, {R"(> 421["leave","room-1"])", "< 431[]", R"(> 421["leave","room-9"])", "< 431[]"});
  (void)a.say({R"(42["room","room-1","hi"])"});
  EXPECT_EQ(b.hear(), Heard());
  EXPECT_EQ(with.broker.log[0].topic, "all");
  EXPECT_EQ(with.broker.log[2].topic, "$room/room-1");
  for (const bool by_rule : a.host.by_rule) EXPECT_TRUE(by_rule);
}

TEST(SocketRules, OneTextIsTextAndAllElseIsJson) {
  SessionCase with(rules("{event: e, do: [broadcast]}"));
  fakes::SocketClient& client = join(with);
  (void)client.say({R"(42["e","hi"])", R"(42["e",1,"2"])", R"(451-["e",{"_placeholder":true,"num":0}])", "bin:a"});
  ASSERT_EQ(client.host.publishes.size(), 3);
  EXPECT_EQ(client.host.publishes[0], (fakes::FakeHost::Publish{0, "e", "e", Kind::text, "hi"}));
  EXPECT_EQ(client.host.publishes[1], (fakes::FakeHost::Publish{0, "e", "e", Kind::json, R"([1,"2"])"}));
  EXPECT_EQ(client.host.publishes[2].kind, Kind::json_attachments);
  std::string inlined;
  append_inlined(inlined, client.host.publishes[2].content);
  EXPECT_EQ(inlined, R"([{"base64":"YQ=="}])");
  EXPECT_EQ(client.hear(),
            (Heard{R"(42["e","hi"])", R"(42["e",1,"2"])", R"(451-["e",{"_placeholder":true,"num":0}])", "bin:a"}));
}

TEST(SocketRules, WhatABackendPublishesIsHeard) {
  SessionCase with(rules("{event: e, do: [broadcast]}"));
  fakes::SocketClient& client = join(with);
  with.broker.publish("e", "e", Kind::text, "hi");
  with.broker.publish("e", "news", Kind::json, R"({"a":1})");
  with.broker.publish("e", "disconnect", Kind::text, "nobody can hear this");
  EXPECT_EQ(client.hear(), (Heard{R"(42["e","hi"])", R"(42["news",{"a":1}])"}));
}

TEST(SocketRules, AnAckComesWhenAllIsSequenced) {
  SessionCase with(
      rules("{event: e, do: [broadcast, {publish: {topic: audit, args: [x]}}], ack: [$cursor, $0, $cursor]}"));
  fakes::SocketClient& client = join(with);
  std::string said = R"(427["e","hi"])";
  with.broker.clients.clear();  // the answers are given by hand
  client.session->on_message(DataType::text, said, client.host);
  ASSERT_EQ(client.host.publishes.size(), 2);
  EXPECT_EQ(client.host.quiet, (std::vector<bool>{false, false}));
  client.session->on_published(client.host.publishes[0].tag, Published{1, 41}, client.host);
  EXPECT_EQ(client.hear(), Heard());
  client.session->on_published(client.host.publishes[1].tag, Published{1, 5}, client.host);
  EXPECT_EQ(client.hear(), Heard{R"(437["0000000000000001.5","hi","0000000000000001.5"])"});
  client.session->on_published(client.host.publishes[1].tag, Published{1, 5}, client.host);
  EXPECT_EQ(client.hear(), Heard()) << "once";

  said = R"(428["e","hi"])";
  client.session->on_message(DataType::text, said, client.host);
  client.session->on_published(client.host.publishes[2].tag, Published{1, 42}, client.host);
  client.session->on_published(client.host.publishes[3].tag, refusal(Reason::shed_publish, "no"), client.host);
  EXPECT_EQ(client.hear(), Heard()) << "what was not done is not acknowledged";
}

TEST(SocketRules, WhatIsRefusedIsCountedAndNotAcknowledged) {
  struct Row {
    std::string rule;
    std::string said;
    std::string note;
  };
  const Row rows[] = {
      {"{event: e, args: {max: 1}, ack: []}", R"(421["e",1,2])", "refused / too_many_arguments"},
      {"{event: '*', ack: []}", R"(421["$e"])", "refused / bad_event"},
      {"{event: e, do: [{join: $0}], ack: []}", R"(421["e","other"])", "refused / bad_room"},
      {"{event: e, do: [broadcast], ack: []}", R"(421["e",")" + std::string(2000, 'x') + "\"]",
       "refused / message_too_big"},
      {"{event: e, do: [{set: {a: $0}}], ack: []}", R"(421["e",")" + std::string(600, 'x') + "\"]",
       "refused / too_much_data"},
      {"{event: e, do: [{join: room-1}, {join: room-2}, {join: room-3}], ack: []}", R"(421["e"])",
       "refused / too_many_rooms"},
      {"{event: other}", R"(421["e"])", "unmatched / e"},
      {"{event: e, do: [drop], ack: []}", R"(421["e"])", ""},
  };
  for (const Row& row : rows) {
    SessionCase with(rules(row.rule), {.rooms_max = 2, .data_bytes_max = 500, .message_bytes_max = 1000});
    fakes::SocketClient& client = join(with);
    with.broker.observer.notes.clear();
    play(client, {"> " + row.said});
    EXPECT_EQ(with.broker.observer.notes, row.note.empty() ? Heard() : Heard{row.note});
  }
  SessionCase with(rules("{event: e, do: [broadcast], ack: []}"));
  fakes::SocketClient& client = join(with);
  client.host.refusals["e"] = refusal(Reason::too_many_topics, "no");
  play(client, {R"(> 421["e"])"});
  EXPECT_EQ(with.broker.observer.notes.back(), "refused / too_many_topics");
}

TEST(SocketRules, AnAttachmentIsReckonedInEachOfItsPlaces) {
  SessionCase with(rules("{event: e, do: [broadcast]}"), {.message_bytes_max = 1000});
  fakes::SocketClient& client = join(with);
  const std::string holder = R"({"_placeholder":true,"num":0})";
  const std::string bytes = "bin:" + std::string(400, 'x');
  (void)client.say({"451-[\"e\"," + holder + "]", bytes});
  EXPECT_EQ(client.hear().size(), 2);
  (void)client.say({"451-[\"e\"," + holder + "," + holder + "]", bytes});
  EXPECT_EQ(client.hear().size(), 0);
  EXPECT_EQ(with.broker.observer.notes.back(), "refused / message_too_big");
}

TEST(SocketRules, DataIsRemembered) {
  SessionCase with(rules(R"({event: nick, do: [{set: {nick: $0}}], ack: [$data.nick]},
                            {event: say, do: [{broadcast: {args: [$data.nick, $0]}}]},
                            {event: who, ack: [$auth.name, $sid]})"));
  fakes::SocketClient& client = join(with, Framing::websocket, R"({"name":"A"})");
  play(client, {R"(> 421["nick","Ada"])", R"(< 431["Ada"])", R"(> 42["say","hi"])", R"(< 42["say","Ada","hi"])",
                R"(> 421["nick","B"])", R"(< 431["B"])", R"(> 421["who"])", R"(< 431["A","secret-0000000000001"])"});
  std::vector<std::pair<std::string, std::string>> data;
  client.session->list_sockets([&](const SocketInfo& info) { data.assign(info.data.begin(), info.data.end()); });
  EXPECT_EQ(data, (std::vector<std::pair<std::string, std::string>>{{"nick", "\"B\""}}));
}

TEST(SocketRules, ARateIsHeldByEachSocket) {
  SessionCase with(rules("{event: e, rate: {per_second: 10, burst: 3}, ack: []}"));
  fakes::SocketClient& client = join(with);
  fakes::SocketClient& other = join(with);
  const auto acked = [](fakes::SocketClient& who) {
    (void)who.say({R"(421["e"])"});
    return who.hear() == Heard{"431[]"};
  };
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(acked(client)) << i;
  EXPECT_FALSE(acked(client));
  EXPECT_TRUE(acked(other));
  EXPECT_EQ(with.broker.observer.notes.back(), "refused / rate_exceeded");
  client.pass(99);
  EXPECT_FALSE(acked(client));
  client.pass(1);
  EXPECT_TRUE(acked(client));
  EXPECT_FALSE(acked(client));
}

TEST(SocketRules, WhatIsSaidAgainIsAcknowledgedAlone) {
  SessionCase with(rules("{event: e, dedupe: {by: $1, window: 10m}, do: [{broadcast: {args: [$0]}}], ack: [ok]}"));
  fakes::SocketClient& client = join(with);
  fakes::SocketClient& other = join(with, Framing::polling);
  const std::string heard = R"(< 42["e","a"])";
  play(client, {R"(> 421["e","a","key"])", heard, R"(< 431["ok"])", R"(> 422["e","a","key"])", R"(< 432["ok"])"});
  EXPECT_EQ(other.hear().size(), 1);
  play(other, {R"(> 421["e","a","key"])", R"(< 431["ok"])"});
  play(client, {R"(> 423["e","b","key"])", R"(< 42["e","b"])", R"(< 433["ok"])"});
  play(client, {R"(> 424["e","a"])", heard, R"(< 434["ok"])", R"(> 425["e","a"])", heard, R"(< 435["ok"])"});  // no key

  client.host.refusals["e"] = refusal(Reason::shed_publish, "no");
  play(client, {R"(> 426["e","a","second"])"});
  client.host.refusals.clear();
  play(client, {R"(> 427["e","a","second"])", heard, R"(< 437["ok"])"});
}

TEST(SocketRules, AKeyIsForgottenWhenItsEventWasNotBegun) {
  SessionCase with(rules("{event: e, dedupe: {by: $0, window: 10m}, do: [broadcast], ack: []}"));
  fakes::SocketClient& client = join(with);
  std::string said = R"(421["e","key"])";
  client.session->on_message(DataType::text, said, client.host);
  ASSERT_EQ(with.broker.dedupes.asks.size(), 1);
  EXPECT_GT(client.session->held_bytes(), 0);
  EXPECT_FALSE(client.session->may_move());
  with.broker.dedupes.seen.insert(with.broker.dedupes.asks[0].key);
  client.end();
  EXPECT_TRUE(with.broker.dedupes.seen.empty());
}

// What a client can make a session remember has an end.
TEST(SocketRules, WhatWaitsIsBounded) {
  SessionCase with(
      rules("{event: ask, do: [{ask: {event: q, args: [], then: [{emit: {event: answer, args: [$0]}}]}}]}, "
            "{event: once, dedupe: {by: $0, window: 1m}, do: [broadcast], ack: []}"));
  fakes::SocketClient& client = join(with);
  for (std::size_t i = 0; i <= asks_max; ++i) (void)client.say({R"(42["ask"])"});
  EXPECT_EQ(client.hear().size(), asks_max + 1);
  play(client, {"> 431[1]", "> 432[2]", R"(< 42["answer",2])"});  // the first was forgotten

  with.broker.clients.clear();  // nothing is answered
  for (std::size_t i = 0; i <= delayed_max; ++i) {
    std::string said = "421[\"once\"," + std::to_string(i) + "]";
    client.session->on_message(DataType::text, said, client.host);
  }
  EXPECT_EQ(with.broker.dedupes.asks.size(), delayed_max);
  EXPECT_EQ(with.broker.observer.notes.back(), "refused / too_many_delayed");
}

TEST(SocketRules, EmitsKeepTheirPlaceBehindABroadcast) {
  SessionCase with(rules("{event: e, do: [{emit: {event: first}}, broadcast, {emit: {event: last, args: []}}]}"));
  fakes::SocketClient& client = join(with);
  fakes::SocketClient& other = join(with);
  play(client, {R"(> 42["e",1])", R"(< 42["first",1])", R"(< 42["e",1])", R"(< 42["last"])"});
  EXPECT_EQ(other.hear(), Heard{R"(42["e",1])"});
}

TEST(SocketRules, WhoComesAndGoesMayBeAnnounced) {
  SessionCase with(rules("",
                         "on_connect: [{broadcast: {event: joined, args: [$sid], sender: false}}], "
                         "on_disconnect: [{broadcast: {event: left, args: [$sid]}}],"));
  fakes::SocketClient& a = join(with);
  fakes::SocketClient& b = join(with);
  EXPECT_EQ(a.hear(), Heard{R"(42["joined","secret-0000000000101"])"});
  b.end();
  EXPECT_EQ(a.hear(), Heard{R"(42["left","secret-0000000000101"])"});
  EXPECT_EQ(with.broker.log[0].topic, "$events") << "an event without a rule of its own";
  EXPECT_EQ(with.broker.observer.notes.back(), "disconnected /");
  play(a, {"> 41"});
  EXPECT_EQ(a.host.publishes.back().event, "left");
}

TEST(SocketRules, AReplayBeginsBehindTheCursor) {
  const std::string yaml = rules("{event: e, do: [broadcast]}, {event: again, do: [{replay: {event: e, after: $0}}]}",
                                 "deliver: {e: [$args, $cursor]}, "
                                 "on_connect: [{replay: {event: e, after: $auth.serverOffset}}],");
  SessionCase with(yaml);
  for (int i = 1; i <= 250; ++i) with.broker.publish("e", "e", Kind::text, std::to_string(i));
  with.broker.publish("e", "other", Kind::text, "of another name");
  with.broker.publish("$room/x", "e", Kind::text, "of another topic");
  std::string audience;
  append_member(audience, Sign::except, socket_member("nobody"));
  with.broker.publish("e", "e", Kind::text, "for all but nobody", audience);
  audience.clear();
  append_member(audience, Sign::to, room_member("of others"));
  with.broker.publish("e", "e", Kind::text, "not for you", audience);
  const auto replayed = [&](const std::string& auth) {
    fakes::SocketClient& client = with.client(Framing::polling);
    (void)client.say({"40" + auth});
    Heard heard = client.hear();
    heard.erase(heard.begin());
    return heard;
  };
  EXPECT_EQ(replayed(R"({"serverOffset":"0000000000000abc.248"})"),
            (Heard{R"(42["e","249","0000000000000abc.249"])", R"(42["e","250","0000000000000abc.250"])",
                   R"(42["e","for all but nobody","0000000000000abc.252"])"}));
  EXPECT_EQ(replayed(R"({"serverOffset":251})").size(), 1) << "an offset of the present epoch";
  for (const std::string all : {R"({"serverOffset":0})", "{}", R"({"serverOffset":"nonsense"})"}) {
    EXPECT_EQ(replayed(all).size(), 251) << all;
  }
  fakes::SocketClient& client = join(with, Framing::websocket, R"({"serverOffset":252})");
  play(client, {R"(> 42["again","0000000000000abc.250"])", R"(< 42["e","for all but nobody","0000000000000abc.252"])"});
}

TEST(SocketRules, AReplayWaitsForRoom) {
  SessionCase with(rules("{event: e, do: [broadcast]}", "on_connect: [{replay: {event: e, after: $auth.from}}],"));
  for (int i = 1; i <= 150; ++i) with.broker.publish("e", "e", Kind::text, "x");
  fakes::SocketClient& client = with.client();
  client.host.room = false;
  (void)client.say({"40"});
  EXPECT_EQ(client.hear().size(), 1);
  EXPECT_FALSE(client.session->may_move());
  client.host.room = true;
  client.pass(client.host.wake->count());
  EXPECT_EQ(client.hear().size(), 150);
  EXPECT_TRUE(client.session->may_move());
}

TEST(SocketRules, WhatIsLiveWaitsForTheReplayOfOnConnect) {
  SessionCase with(rules("{event: e, do: [broadcast]}, {event: again, do: [{replay: {event: e, after: 0}}]}",
                         "on_connect: [{replay: {event: e, after: $auth.from}}],"));
  for (int i = 1; i <= 101; ++i) with.broker.publish("e", "e", Kind::text, "x");
  fakes::SocketClient& client = with.client();
  client.host.room = false;
  (void)client.say({"40"});
  EXPECT_EQ(client.hear().size(), 1);
  with.broker.publish("e", "e", Kind::text, "live");
  EXPECT_EQ(client.hear(), Heard{});
  client.host.room = true;
  client.pass(client.host.wake->count());
  const Heard heard = client.hear();
  ASSERT_EQ(heard.size(), 102);
  EXPECT_EQ(heard[100], R"(42["e","x"])");
  EXPECT_EQ(heard[101], R"(42["e","live"])") << "once";
  client.host.room = false;
  (void)client.say({R"(42["again"])"});
  with.broker.publish("e", "e", Kind::text, "live");
  EXPECT_EQ(client.hear(), Heard{R"(42["e","live"])"}) << "an event's replay is for whoever is live";
}

TEST(SocketRules, OperatorsMoveSockets) {
  SessionCase with(rules("{event: e, do: [{broadcast: {to: [room-1]}}]}"));
  fakes::SocketClient& client = join(with);
  EngineSession& session = *client.session;
  const std::string sid = "secret-0000000000001";
  EXPECT_FALSE(session.join("/", "another", "any room", client.host));
  EXPECT_TRUE(session.join("/", sid, "any room", client.host));
  EXPECT_TRUE(client.host.members.contains({"$stream", "$room/any room"}));
  std::vector<std::string> rooms;
  session.list_sockets([&](const SocketInfo& info) {
    EXPECT_EQ(info.sid, sid);
    EXPECT_EQ(info.since_s, 1'700'000'000);
    rooms.assign(info.rooms.begin(), info.rooms.end());
  });
  EXPECT_EQ(rooms, Heard{"any room"});
  EXPECT_TRUE(session.leave("/", sid, "any room", client.host));
  EXPECT_FALSE(session.leave("/", sid, "any room", client.host));
  EXPECT_FALSE(session.disconnect("/nope", sid, client.host));
  EXPECT_TRUE(session.disconnect("/", sid, client.host));
  EXPECT_EQ(client.hear(), Heard{"41"});
  EXPECT_EQ(client.host.unsubscribes, Heard{"$stream"});
}

TEST(SocketRules, ABrokerThatCannotSubscribeClosesTheTransport) {
  SessionCase with(rules(""));
  fakes::SocketClient& client = with.client();
  client.host.refusals["$stream"] = refusal(Reason::too_many_topics, "no");
  (void)client.say({"40"});
  EXPECT_EQ(client.host.closes, std::vector{Reason::too_many_topics}) << "a CONNECT_ERROR would keep it away for good";
}

}  // namespace
}  // namespace proto::socketio
