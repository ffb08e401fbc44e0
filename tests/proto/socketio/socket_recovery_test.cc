// SPDX-License-Identifier: Apache-2.0
// Sockets that come back, and sessions that go on over another transport.
#include <gtest/gtest.h>

#include "proto/json.h"
#include "session_case.h"

namespace proto::socketio {
namespace {

using Heard = std::vector<std::string>;

constexpr std::string_view yaml = R"(
socketio:
  namespaces:
    "/":
      recovery: {window: 2m}
      rooms: ["room-*"]
      on_connect: [{unless: recovered, emit: {event: hello, args: []}}]
      on_disconnect: [{broadcast: {event: gone, args: [$sid]}}]
      events:
        - {event: shout, do: [broadcast]}
        - {event: others, do: [{broadcast: {sender: false}}]}
        - {event: echo, do: [{emit: {event: back, args: [$args]}}]}
        - {event: ask, do: [{ask: {event: question, args: []}}]}
        - {event: kick me, do: [{emit: {event: bye, args: []}}, disconnect]}
        - {event: join, do: [{join: $0}, {set: {room: $0}}], ack: []}
        - {event: data, ack: [$data.room]}
        - {event: say, do: [{broadcast: {to: [room-1], args: []}}]}
)";

// A client in "/" that keeps what it needs to come back, as socket.io-client does.
struct Guest {
  Guest(SessionCase& with, Framing framing = Framing::websocket, const Guest* before = nullptr)
      : client(with.client(framing)) {
    (void)client.say({"40" + (before == nullptr ? "" : before->claim())});
    hear();
  }
  std::string claim() const { return R"({"pid":")" + pid + R"(","offset":")" + offset + "\"}"; }
  // Events without their offsets, which are kept; the answer to the CONNECT without its secrets.
  Heard hear() {
    Heard heard;
    for (const std::string& packet : client.hear()) {
      if (packet.starts_with("40{")) {
        pid = between(packet, R"("pid":")");
        sid = between(packet, R"("sid":")");
        heard.emplace_back("40");
      } else if (packet.starts_with("42[") || packet.starts_with("451-[")) {
        const std::size_t comma = packet.rfind(",\"");
        offset = packet.substr(comma + 2, packet.size() - comma - 4);
        EXPECT_TRUE(parse_recovery_offset(offset)) << packet;
        heard.push_back(packet.substr(0, comma) + "]");
      } else {
        heard.push_back(packet);
      }
    }
    last = heard;
    return heard;
  }
  Heard say(std::string_view packet) {
    (void)client.say({packet});
    return hear();
  }
  static std::string between(const std::string& packet, std::string_view key) {
    const std::size_t begin = packet.find(key) + key.size();
    return packet.substr(begin, packet.find('"', begin) - begin);
  }

  fakes::SocketClient& client;
  std::string pid, sid, offset;
  Heard last;
};

TEST(Recovery, EventsEndInTheOffsetAndAsksDoNot) {
  SessionCase with(yaml);
  Guest guest(with);
  EXPECT_EQ(guest.last, (Heard{"40", R"(42["hello"])"}));
  EXPECT_EQ(guest.say(R"(42["echo","a"])"), Heard{R"(42["back","a"])"});
  (void)guest.client.say({R"(42["ask"])"});
  EXPECT_EQ(guest.client.hear(), Heard{R"(421["question"])"});
  EXPECT_EQ(guest.client.host.publishes.back().topic, "$sid/" + guest.sid) << "emits are in the stream";
}

TEST(Recovery, AnEmitLooksAsItSays) {
  for (const std::string_view recovery : {"", "recovery: {window: 1m}, "}) {
    SessionCase with("socketio: {namespaces: {/: {" + std::string(recovery) +
                     "deliver: {e: [delivered]}, events: [{event: e, do: [{emit: {}}, broadcast]}]}}}");
    fakes::SocketClient& client = with.client();
    (void)client.say({"40"});
    (void)client.say({R"(42["e",1])"});
    const Heard heard = client.hear();
    ASSERT_EQ(heard.size(), 3);
    EXPECT_TRUE(heard[1].starts_with(R"(42["e",1)")) << heard[1];
    EXPECT_TRUE(heard[2].starts_with(R"(42["e","delivered")")) << heard[2];
  }
}

TEST(Recovery, WhatWasMissedComesAheadOfTheAnswer) {
  for (const Framing before : framings) {
    for (const Framing after : framings) {
      SCOPED_TRACE(std::string(name(before)) + ", then " + std::string(name(after)));
      SessionCase with(yaml);
      Guest other(with);
      Guest lost(with, before);
      EXPECT_EQ(lost.say(R"(421["join","room-1"])"), Heard{"431[]"});
      EXPECT_EQ(lost.say(R"(42["shout","heard"])"), Heard{R"(42["shout","heard"])"});
      lost.client.end();
      other.say(R"(42["shout","missed"])");
      other.say(R"(42["say"])");
      other.say(R"(42["echo","of another"])");
      (void)other.client.say({R"(451-["shout",{"_placeholder":true,"num":0}])", "bin:x"});
      Guest found(with, after, &lost);
      EXPECT_EQ(found.last, (Heard{R"(42["gone",")" + lost.sid + "\"]", R"(42["shout","missed"])", R"(42["say"])",
                                   R"(451-["shout",{"_placeholder":true,"num":0}])", "bin:x", "40"}));
      EXPECT_EQ(found.sid, lost.sid);
      EXPECT_EQ(found.pid, lost.pid);
      EXPECT_EQ(with.broker.observer.notes.back(), "connected /");
      EXPECT_EQ(with.broker.keeper.held[lost.pid], &found.client.host);
      other.say(R"(42["say"])");
      EXPECT_EQ(found.hear(), Heard{R"(42["say"])"}) << "rooms are restored";
      EXPECT_EQ(found.say(R"(421["data"])"), Heard{R"(431["room-1"])"}) << "and data";
    }
  }
}

TEST(Recovery, OnesOwnIsLeftOutInAReplayToo) {
  SessionCase with(yaml);
  Guest lost(with);
  lost.say(R"(42["others","not for its sender"])");
  lost.client.end();
  Guest found(with, Framing::polling, &lost);
  EXPECT_EQ(found.last, (Heard{R"(42["gone",")" + lost.sid + "\"]", "40"}));
}

TEST(Recovery, TwiceInARow) {
  SessionCase with(yaml);
  Guest first(with);
  first.client.end();
  Guest second(with, Framing::polling, &first);
  EXPECT_EQ(second.pid, first.pid);
  second.client.end();
  Guest third(with, Framing::websocket, &second);
  EXPECT_EQ(third.pid, first.pid);
}

TEST(Recovery, WhatCannotBeRecoveredIsANewSocket) {
  struct Row {
    std::string name;
    std::string note;
    std::function<std::string(const Guest&)> claim;
  };
  const Row rows[] = {
      {"an unknown pid", "unknown_pid /",
       [](const Guest& g) { return R"({"pid":"AAAAAAAAAAAAAAAAAAAA","offset":")" + g.offset + "\"}"; }},
      {"no pid", "connected /", [](const Guest& g) { return R"({"offset":")" + g.offset + "\"}"; }},
      {"a pid that is a number", "connected /",
       [](const Guest& g) { return R"({"pid":7,"offset":")" + g.offset + "\"}"; }},
      {"no offset", "bad_offset /", [](const Guest& g) { return R"({"pid":")" + g.pid + "\"}"; }},
      {"nonsense", "bad_offset /", [](const Guest& g) { return R"({"pid":")" + g.pid + R"(","offset":"hello"})"; }},
      {"an offset that is an object", "bad_offset /",
       [](const Guest& g) { return R"({"pid":")" + g.pid + R"(","offset":{}})"; }},
      {"another life of the stream", "expired /",
       [](const Guest& g) {
         std::string offset;
         append_recovery_offset(offset, {0xDEAD, 1});
         return R"({"pid":")" + g.pid + R"(","offset":")" + offset + "\"}";
       }},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    SessionCase with(yaml);
    Guest lost(with);
    lost.client.end();
    with.broker.observer.notes.clear();
    fakes::SocketClient& client = with.client();
    (void)client.say({"40" + row.claim(lost)});
    const Heard heard = client.hear();
    ASSERT_EQ(heard.size(), 2) << "nothing comes ahead of the answer";
    EXPECT_TRUE(heard[0].starts_with("40{"));
    EXPECT_NE(Guest::between(heard[0], R"("pid":")"), lost.pid);
    EXPECT_NE(Guest::between(heard[0], R"("sid":")"), lost.sid);
    EXPECT_EQ(with.broker.observer.notes.front(), row.note);
  }
}

TEST(Recovery, WhatIsNoLongerInTheLogIsNotRecovered) {
  SessionCase with(yaml);
  Guest lost(with);
  lost.client.end();
  with.broker.publish("shout", "shout", Kind::text, "a");
  with.broker.expired["$stream"] = with.broker.counts["$stream"];
  Guest found(with, Framing::websocket, &lost);
  EXPECT_EQ(found.last, (Heard{"40", R"(42["hello"])"}));
  EXPECT_NE(found.pid, lost.pid);
  EXPECT_EQ(found.client.host.unsubscribes, Heard{"$stream"});
}

TEST(Recovery, WhoLeavesIsNotRecovered) {
  for (const std::string packet : {"41", R"(42["kick me"])"}) {
    SessionCase with(yaml);
    Guest gone(with);
    (void)gone.client.say({packet});
    EXPECT_EQ(gone.client.hear(), packet == "41" ? Heard() : (Heard{R"(42["bye"])", "41"}));
    gone.client.end();
    EXPECT_EQ(with.broker.keeper.dropped, Heard{gone.pid});
    EXPECT_TRUE(with.broker.keeper.kept.empty());
    Guest back(with, Framing::websocket, &gone);
    EXPECT_NE(back.pid, gone.pid);
  }
}

// Where it stands in the stream would say that it has seen what it was cut off from.
TEST(Recovery, WhoIsCutOffFromAReplayIsANewSocket) {
  SessionCase with(R"(
socketio:
  namespaces:
    "/":
      recovery: {window: 2m}
      on_connect: [{replay: {event: e, after: 0}}]
      events: [{event: e, do: [broadcast]}]
)");
  for (int i = 1; i <= 101; ++i) with.broker.publish("e", "e", Kind::text, "x");
  fakes::SocketClient& client = with.client();
  client.host.room = false;
  (void)client.say({"40"});
  client.end();
  EXPECT_EQ(with.broker.keeper.kept.size(), 0);
  EXPECT_EQ(with.broker.keeper.held.size(), 0);
  EXPECT_EQ(with.broker.keeper.dropped.size(), 1);
  fakes::SocketClient& whole = with.client();
  (void)whole.say({"40"});
  EXPECT_EQ(whole.hear().size(), 102);
  whole.end();
  EXPECT_EQ(with.broker.keeper.kept.size(), 1);
}

TEST(Recovery, OneThatLooksAliveIsTakenOver) {
  SessionCase with(yaml);
  Guest lost(with);
  Guest found(with, Framing::websocket, &lost);
  EXPECT_EQ(found.pid, lost.pid);
  EXPECT_EQ(found.sid, lost.sid);
  EXPECT_TRUE(lost.client.is_closed());
}

TEST(Recovery, WhatWasTakenIsGivenBackWhenTheTransportEndsAgain) {
  SessionCase with(yaml);
  Guest lost(with);
  lost.say(R"(421["join","room-1"])");
  lost.client.end();
  fakes::SocketClient& client = with.client();
  with.broker.clients.clear();  // the answers are given by hand
  std::string connect = "40" + lost.claim();
  client.session->on_message(DataType::text, connect, client.host);
  const auto take = with.broker.keeper.takes.at(0);
  auto kept = with.broker.keeper.kept.extract(lost.pid);
  client.session->on_kept(take.tag, std::move(kept.mapped()), client.host);
  ASSERT_EQ(client.host.subscribes.size(), 1);
  EXPECT_FALSE(client.session->may_move());
  client.end();
  EXPECT_EQ(with.broker.keeper.kept.at(lost.pid).rooms, Heard{"room-1"});
}

TEST(Recovery, ALossWhileMovingClosesTheTransport) {
  SessionCase with(yaml);
  Guest guest(with, Framing::polling);
  with.broker.expired["$stream"] = 1'000;
  guest.client.move(Framing::websocket);
  EXPECT_EQ(guest.client.host.closes, std::vector{Reason::slow_consumer});
}

TEST(Upgrade, WhatWasQueuedComesFirstAndNothingTwice) {
  for (const Framing framing : {Framing::websocket, Framing::websocket_base64}) {
    SCOPED_TRACE(name(framing));
    SessionCase with(yaml);
    Guest guest(with, Framing::polling);
    Guest other(with);
    guest.say(R"(421["join","room-1"])");
    const std::string sid = guest.sid;
    (void)guest.client.say({R"(451-["shout",{"_placeholder":true,"num":0}])", "bin:x"});
    ASSERT_TRUE(guest.client.session->may_move());
    guest.client.move(framing);
    EXPECT_EQ(guest.hear(), (Heard{R"(451-["shout",{"_placeholder":true,"num":0}])", "bin:x"}));
    EXPECT_EQ(guest.client.host.subscribes.size(), 2);
    EXPECT_EQ(guest.client.host.subscribes[1].start.from, Start::From::after);
    other.say(R"(42["say"])");
    EXPECT_EQ(guest.hear(), Heard{R"(42["say"])"}) << "rooms are joined again";
    EXPECT_EQ(guest.say(R"(42["echo",1])"), Heard{R"(42["back",1])"});
    guest.client.session->list_sockets([&](const SocketInfo& info) { EXPECT_EQ(info.sid, sid); });
  }
}

TEST(Upgrade, TakesThePingsDeadlineAway) {
  SessionCase with("engineio: {ping_interval: 8s, ping_timeout: 2s, endpoints: [{path: /e/, subscribe: [news]}]}");
  fakes::SocketClient& client = with.client(Framing::polling, {}, 1);
  client.pass(client.host.wake->count());
  EXPECT_EQ(client.hear(), Heard{"2"});
  client.pass(1000);
  client.move(Framing::websocket);
  EXPECT_EQ(client.host.wake, std::chrono::seconds(8));
  EXPECT_EQ(client.host.subscribes.size(), 2);
  client.pass(7999);
  EXPECT_FALSE(client.is_closed());
  client.pass(1);
  EXPECT_EQ(client.hear(), Heard{"2"});
}

}  // namespace
}  // namespace proto::socketio
