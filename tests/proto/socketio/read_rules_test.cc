// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/read_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rule_yaml.h"

namespace proto::socketio {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::string_view example = R"(
engineio:
  ping_interval: 25s
  ping_timeout: 20s
  connect_timeout: 45s
  upgrade_timeout: 10s
  max_payload: 1000000
  transports: [polling, websocket]
  cors: {origins: ["https://app.example.com"], credentials: true}
  cookie: null
  headers: {}
  refuse: []
  endpoints:
    - path: /engine.io/
      ping_interval: 300ms
      subscribe: []
      on_connect: [{send: hi}]
      messages: [{match: "*", do: [{send: $message}]}]
socketio:
  path: /socket.io/
  namespaces:
    "/":
      recovery: null
      refuse: [{when: {query.fail: present}, message: no, data: {code: 7, who: $auth.name}}]
      on_connect: [{emit: {event: auth, args: [$auth]}}]
      on_disconnect: []
      rooms: ["room-*"]
      events:
        - {event: message, do: [{emit: {event: message-back, args: [$args]}}]}
        - {event: message-with-ack, ack: [$args]}
        - event: chat message
          args: {max: 1, types: [string], bytes: 4KiB}
          rate: {per_second: 10, burst: 20}
          do: [{broadcast: {sender: true}}]
        - {event: join, do: [{join: $0}], ack: []}
        - {event: leave, do: [{leave: $0}], ack: []}
        - {event: say, do: [{broadcast: {to: [$0], member: true, sender: false, args: [$1]}}]}
    /custom:
      on_connect: [{emit: {event: auth, args: [$auth]}}]
    /chat:
      recovery: {window: 2m, bytes: 64MiB}
      deliver: {chat message: [$args, $cursor]}
      on_connect: [{unless: recovered, replay: {event: chat message, after: $auth.serverOffset}}]
      events:
        - event: chat message
          dedupe: {by: $1, window: 10m}
          do: [{broadcast: {args: [$0]}}]
          ack: []
)";

TEST(ReadRules, WholeExampleIsRead) {
  const ReadRules read = fakes::read_rules(example);
  for (const RuleMistake& mistake : read.mistakes) ADD_FAILURE() << mistake.line << " " << mistake.key << mistake.what;
  for (const RuleMistake& warning : read.warnings) ADD_FAILURE() << warning.line << " " << warning.key << warning.what;
  const Rules& rules = read.rules;
  EXPECT_EQ(rules.options.ping_interval, 25s);
  EXPECT_EQ(rules.options.max_payload, 1'000'000);
  ASSERT_TRUE(rules.options.cors);
  EXPECT_TRUE(rules.options.cors->credentials);
  EXPECT_FALSE(rules.options.cookie);
  ASSERT_THAT(rules.endpoints, SizeIs(1));
  EXPECT_EQ(rules.endpoints[0].options.ping_interval, 300ms);
  EXPECT_EQ(rules.endpoints[0].options.ping_timeout, 20s);
  EXPECT_EQ(rules.endpoints[0].on_connect.at(0).kind, ActionKind::send);
  ASSERT_THAT(rules.namespaces, SizeIs(3));
  const NamespaceRules& root = rules.namespaces[0];
  EXPECT_EQ(root.refuse.at(0).message, "no");
  EXPECT_THAT(root.rooms, ElementsAre("room-*"));
  ASSERT_THAT(root.events, SizeIs(6));
  EXPECT_FALSE(root.events[0].ack);
  EXPECT_TRUE(root.events[1].ack);
  EXPECT_EQ(root.events[2].topic, "chat message");
  EXPECT_EQ(root.events[2].checks.bytes, 4096);
  EXPECT_EQ(root.events[2].rate->burst, 20);
  EXPECT_FALSE(root.events[5].actions.at(0).sender);
  EXPECT_TRUE(root.events[5].actions.at(0).member);
  const NamespaceRules& chat = rules.namespaces[2];
  EXPECT_EQ(chat.recovery->window, 2min);
  EXPECT_EQ(chat.deliver.at(0).args.size(), 2);
  EXPECT_EQ(chat.on_connect.at(0).topic, "chat/chat message");
  EXPECT_TRUE(chat.on_connect.at(0).guard.unless.at(0).recovered);
  EXPECT_EQ(chat.events.at(0).dedupe->window, 10min);
  EXPECT_THAT(*chat.events.at(0).ack, IsEmpty());
}

TEST(ReadRules, NothingConfiguredIsOneNamespaceToListenIn) {
  for (const std::string_view yaml : {"", "socketio:", "socketio: {}", "socketio: {namespaces: }", "engineio: {}"}) {
    const ReadRules read = fakes::read_rules(yaml);
    EXPECT_THAT(read.mistakes, IsEmpty()) << yaml;
    ASSERT_THAT(read.rules.namespaces, SizeIs(1)) << yaml;
    EXPECT_EQ(read.rules.namespaces[0].name, "/");
    EXPECT_EQ(read.rules.path, "/socket.io/");
  }
}

TEST(ReadRules, OptionsMayBeOverriddenByEachEndpoint) {
  const ReadRules read = fakes::read_rules(R"(
engineio:
  ping_interval: 300ms
  headers: {x-served-by: kodama}
  refuse: [{when: {query.deny: present}}]
  endpoints: [{path: /engine.io, transports: [websocket], cors: null}]
  cors: {origins: ["*"]}
  max_payload: 1MiB
socketio: {path: /live, ping_timeout: 200ms, cookie: {name: sid, same_site: none, http_only: false}}
)");
  ASSERT_THAT(read.mistakes, IsEmpty());
  const EngineEndpoint& plain = read.rules.endpoints.at(0);
  EXPECT_EQ(plain.path, "/engine.io/");
  EXPECT_FALSE(plain.options.polling);
  EXPECT_FALSE(plain.options.cors);
  EXPECT_EQ(plain.options.max_payload, 1024 * 1024);
  EXPECT_EQ(plain.options.ping_timeout, 20s);
  EXPECT_EQ(read.rules.path, "/live/");
  const EngineOptions& options = read.rules.options;
  EXPECT_TRUE(options.polling);
  EXPECT_EQ(options.ping_interval, 300ms);
  EXPECT_EQ(options.ping_timeout, 200ms);
  EXPECT_EQ(options.headers.at(0).second, "kodama");
  EXPECT_THAT(options.refuse, SizeIs(1));
  EXPECT_EQ(options.cookie->name, "sid");
  EXPECT_EQ(options.cookie->same_site, SameSite::none);
  EXPECT_FALSE(options.cookie->http_only);
}

TEST(ReadRules, EventsHaveTheTopicsOfTheirNamespace) {
  const ReadRules read = fakes::read_rules(R"(
socketio:
  namespaces:
    "/": {events: [{event: news}, {event: "a*"}, {event: b, topic: other/b}]}
    /n: {events: [{event: news}, {event: "a?"}]}
)");
  ASSERT_THAT(read.mistakes, IsEmpty());
  const auto& root = read.rules.namespaces.at(0).events;
  EXPECT_EQ(root[0].topic, "news");
  EXPECT_EQ(root[1].topic, "$events");
  EXPECT_EQ(root[2].topic, "other/b");
  const auto& n = read.rules.namespaces.at(1).events;
  EXPECT_EQ(n[0].topic, "n/news");
  EXPECT_EQ(n[1].topic, "n/$events");
}

// --- Mistakes -------------------------------------------------------------------------------------

struct Row {
  std::string_view yaml;
  std::string_view where;  // "line:column key"
  std::string_view what;   // a part of it
};

std::string where(const RuleMistake& mistake) {
  return std::to_string(mistake.line) + ":" + std::to_string(mistake.column) + " " + mistake.key;
}

// Each is exactly one mistake.
void check(std::span<const Row> rows, std::vector<RuleMistake> ReadRules::*list) {
  for (const Row& row : rows) {
    const ReadRules read = fakes::read_rules(row.yaml);
    std::string all;
    for (const RuleMistake& mistake : read.*list) all += where(mistake) + ": " + mistake.what + "\n";
    EXPECT_THAT(read.*list, SizeIs(1)) << row.yaml << "\n" << all;
    if ((read.*list).empty()) continue;
    EXPECT_EQ(where((read.*list)[0]), row.where) << row.yaml;
    EXPECT_THAT((read.*list)[0].what, HasSubstr(row.what)) << row.yaml;
  }
}

TEST(ReadRules, MistakesInEngineIoAreTold) {
  const Row rows[] = {
      {"engineio: 5", "1:11 engineio", "must be a map, is a single value"},
      {"engineio: {ping_intervall: 5s}", "1:12 engineio.ping_intervall", "did you mean \"ping_interval\"?"},
      {"engineio: {ping_interval: 5}", "1:27 engineio.ping_interval", "did you mean \"5s\"?"},
      {"engineio: {ping_timeout: 0}", "1:26 engineio.ping_timeout", "longer than 0"},
      {"engineio: {ping_timeout: [5s]}", "1:26 engineio.ping_timeout", "must be a duration, is a list"},
      {"engineio: {max_payload: 5q}", "1:25 engineio.max_payload", "unknown unit"},
      {"engineio: {max_payload: 0}", "1:25 engineio.max_payload", "larger than 0"},
      {"engineio: {transports: [poling]}", "1:25 engineio.transports[0]", "did you mean \"polling\"?"},
      {"engineio: {transports: []}", "1:24 engineio.transports", "must name polling"},
      {"engineio: {transports: polling}", "1:24 engineio.transports", "must be a list, is a single value"},
      {"engineio: {cors: {credentials: true}}", "1:18 engineio.cors", "needs origins"},
      {"engineio: {cors: {origins: [app.example.com]}}", "1:29 engineio.cors.origins[0]", "it has no scheme"},
      {"engineio: {cors: {origins: ['*'], credentials: true}}", "1:29 engineio.cors.origins[0]", "browsers refuse *"},
      {"engineio: {cookie: {name: 'a b'}}", "1:27 engineio.cookie.name", "letters, digits"},
      {"engineio: {cookie: {path: '/;x'}}", "1:27 engineio.cookie.path", "begins with /"},
      {"engineio: {cookie: {same_site: any}}", "1:32 engineio.cookie.same_site", "must be one of lax, strict, none"},
      {"engineio: {cookie: {http_only: yes}}", "1:32 engineio.cookie.http_only", "must be true or false"},
      {"engineio: {headers: {'x y': z}}", "1:22 engineio.headers.x y", "a header's name"},
      {"engineio: {headers: {x: \"a\\r\\nb\"}}", "1:25 engineio.headers.x", "one line of ASCII"},
      {"engineio: {headers: {Content-Length: 5}}", "1:22 engineio.headers.Content-Length", "writes this header itself"},
      {"engineio: {refuse: [{when: {auth.x: present}}]}", "1:29 engineio.refuse[0].when.auth.x",
       "$auth is not known in refuse"},
      {"engineio: {endpoints: [{messages: []}]}", "1:24 engineio.endpoints[0]", "needs a path"},
      {"engineio: {endpoints: [{path: engine}]}", "1:31 engineio.endpoints[0].path", "is no path"},
      {"engineio: {endpoints: [{path: /e}, {path: /e/}]}", "1:43 engineio.endpoints[1].path", "another endpoint"},
      {"engineio: {endpoints: [{path: /socket.io}]}", "1:11 engineio.endpoints", "has the path of Socket.IO"},
      {"engineio: {endpoints: [{path: /e, subscribe: [x, '']}]}", "1:50 engineio.endpoints[0].subscribe[1]",
       "must not be empty"},
      {"engineio: {endpoints: [{path: /e, on_connect: [{emit: {event: x}}]}]}",
       "1:49 engineio.endpoints[0].on_connect[0].emit", "cannot be done in plain Engine.IO"},
      {"engineio: {endpoints: [{path: /e, messages: [{do: []}]}]}", "1:46 engineio.endpoints[0].messages[0]",
       "needs match"},
      {"engineio: {endpoints: [{path: /e, on_connect: [{send: $message}]}]}",
       "1:55 engineio.endpoints[0].on_connect[0].send", "$message is not known in on_connect"},
  };
  check(rows, &ReadRules::mistakes);
}

TEST(ReadRules, MistakesInNamespacesAreTold) {
  const Row rows[] = {
      {"socketio: {pth: /x}", "1:12 socketio.pth", "did you mean \"path\"?"},
      {"socketio: {namespaces: [/]}", "1:24 socketio.namespaces", "must be a map, is a list"},
      {"socketio: {namespaces: {chat: {}}}", "1:25 socketio.namespaces.chat", "did you mean \"/chat\"?"},
      {"socketio: {namespaces: {'/a,b': {}}}", "1:25 socketio.namespaces./a,b", "no comma"},
      {"socketio: {namespaces: {/$a: {}}}", "1:25 socketio.namespaces./$a", "the broker's own"},
      {"socketio: {namespaces: {/: {on: []}}}", "1:29 socketio.namespaces./.on", "known are recovery"},
      {"socketio:\n  namespaces:\n    /a: {}\n    /a: {}", "4:5 socketio.namespaces./a", "the first is in line 3"},
      {"socketio: {namespaces: {/: {recovery: {bytes: 0}}}}", "1:47 socketio.namespaces./.recovery.bytes",
       "null turns"},
      {"socketio: {namespaces: {/: {rooms: [$x]}}}", "1:37 socketio.namespaces./.rooms[0]", "does not begin with $"},
      {"socketio: {namespaces: {/: {refuse: [{when: {}}]}}}", "1:45 socketio.namespaces./.refuse[0].when",
       "names no condition"},
      {"socketio: {namespaces: {/: {refuse: [{when: {query.x: absent}}]}}}",
       "1:55 socketio.namespaces./.refuse[0].when.query.x", "must be one of present"},
      {"socketio: {namespaces: {/: {refuse: [{when: recovered}]}}}", "1:45 socketio.namespaces./.refuse[0].when",
       "recovered is not known in refuse"},
      {"socketio: {namespaces: {/: {deliver: {x: [$sid]}}}}", "1:43 socketio.namespaces./.deliver.x[0]",
       "the same for all"},
      {"socketio: {namespaces: {/: {on_disconnect: [{join: x}]}}}", "1:46 socketio.namespaces./.on_disconnect[0].join",
       "the socket is gone"},
      {"socketio: {namespaces: {/: {on_connect: [{broadcast: {args: []}}]}}}",
       "1:54 socketio.namespaces./.on_connect[0].broadcast", "must name its event in on_connect"},
      {"socketio: {namespaces: {/: {events: [{event: a/b}]}, /a: {}}}", "1:25 socketio.namespaces./",
       "belongs to the namespace \"/a\""},
      {"socketio: {namespaces: {/: {events: [{event: x}]}, /a: {events: [{event: y, topic: x}]}}}",
       "1:25 socketio.namespaces./", "belongs to the namespace \"/a\""},
  };
  std::vector<Row> single(std::begin(rows), std::end(rows) - 1);
  check(single, &ReadRules::mistakes);
  EXPECT_THAT(fakes::read_rules(rows[std::size(rows) - 1].yaml).mistakes, SizeIs(2));  // both have it
}

// A rule in "/", whose text begins in column 6 of line 5.
std::string in_event(std::string_view rule) {
  return "socketio:\n namespaces:\n  /:\n   events:\n   - " + std::string(rule);
}

TEST(ReadRules, MistakesInEventsAreTold) {
  const Row rows[] = {
      {"{do: []}", "5:6", "needs event"},
      {"{evnt: x, event: x}", "5:7 .evnt", "did you mean \"event\"?"},
      {"{event: disconnect}", "5:14 .event", "see on_connect and on_disconnect"},
      {"{event: $x}", "5:14 .event", "begins with $"},
      {"{event: ''}", "5:14 .event", "must not be empty"},
      {"{event: x, topic: $room/x}", "5:24 .topic", "is reserved"},
      {"{event: x, args: {max: -1}}", "5:29 .args.max", "whole number"},
      {"{event: x, args: {types: [text]}}", "5:32 .args.types[0]", "must be one of any, string"},
      {"{event: x, args: {max: 1, types: [any, any]}}", "5:39 .args.types", "more arguments than max"},
      {"{event: x, args: {bytes: 4096}}", "5:31 .args.bytes", "did you mean \"4KiB\"?"},
      {"{event: x, rate: {burst: 1}}", "5:23 .rate", "needs per_second"},
      {"{event: x, rate: {per_second: 0}}", "5:36 .rate.per_second", "must be 1 or more"},
      {"{event: x, dedupe: {by: $1}}", "5:25 .dedupe", "needs a key and a time"},
      {"{event: x, ack: $args}", "5:22 .ack", "must be a list"},
      {"{event: x, ack: [$32]}", "5:23 .ack[0]", "$0 to $31 are known"},
      {"{event: x, do: {emit: {}}}", "5:21 .do", "must be a list, is a map"},
      {"{event: x, do: [{emti: {}}]}", "5:23 .do[0].emti", "did you mean \"emit\"?"},
      {"{event: x, do: [{send: hi}]}", "5:23 .do[0].send", "cannot be done in do"},
      {"{event: x, do: [{when: {query.x: present}}]}", "5:22 .do[0]", "does nothing"},
      {"{event: x, do: [{leave: a, set: {b: c}}]}", "5:33 .do[0].set", "does one thing"},
      {"{event: x, do: [join]}", "5:22 .do[0]", "needs to be told what"},
      {"{event: x, do: [{drop: false}]}", "5:29 .do[0].drop", "nothing but true"},
      {"{event: x, do: [{emit: hi}]}", "5:29 .do[0].emit", "write {event: hi}"},
      {"{event: x, do: [{emit: {event: connect}}]}", "5:37 .do[0].emit.event", "an event of the clients' own"},
      {"{event: x, do: [{emit: {event: 5}}]}", "5:37 .do[0].emit.event", "must be text"},
      {"{event: x, do: [{emit: {args: $0}}]}", "5:36 .do[0].emit.args", "write [\"$0\"]"},
      {"{event: x, do: [{emit: {args: [$cursor]}}]}", "5:37 .do[0].emit.args[0]", "for deliver and ack"},
      {"{event: x, do: [{emit: {args: [$arg]}}]}", "5:37 .do[0].emit.args[0]", "did you mean \"$args\"?"},
      {"{event: x, do: [{emit: {args: [$query]}}]}", "5:37 .do[0].emit.args[0]", "write $query.NAME"},
      {"{event: x, do: [{emit: {args: [$auth.]}}]}", "5:37 .do[0].emit.args[0]", "write $auth for all"},
      {"{event: x, do: [{emit: {args: [$sid.x]}}]}", "5:37 .do[0].emit.args[0]", "has no parts"},
      {"{event: x, do: [{emit: {args: [{a: $args}]}}]}", "5:41 .do[0].emit.args[0].a", "several values"},
      {"{event: x, do: [{emit: {args: [{binary: '&'}]}}]}", "5:46 .do[0].emit.args[0]", "base64"},
      {"{event: x, do: [{join: $0}]}", "5:29 .do[0].join", "no room may be joined here"},
      {"{event: x, do: [{leave: $$x}]}", "", ""},
      {"{event: x, do: [{broadcast: {to: [5]}}]}", "5:39 .do[0].broadcast.to", "a room's name is text"},
      {"{event: x, do: [{broadcast: {member: true}}]}", "5:43 .do[0].broadcast.member", "goes with to"},
      {"{event: x, do: [{set: {a.b: 1}}]}", "5:29 .do[0].set.a.b", "has no dot"},
      {"{event: x, do: [{set: 5}]}", "", ""},
      {"{event: x, do: [{replay: {event: x}}]}", "5:31 .do[0].replay", "needs an event and a cursor"},
      {"{event: x, do: [{publish: ''}]}", "5:32 .do[0].publish", "topic"},
      {"{event: x, do: [{publish: $$sys/x}]}", "5:32 .do[0].publish", "is reserved"},
      {"{event: x, do: [{ask: {event: q, then: [{emit: {}}]}}]}", "5:53 .do[0].ask.then[0].emit",
       "must name its event in then"},
  };
  for (const Row& row : rows) {
    if (row.where.empty()) continue;
    const std::string yaml = in_event(row.yaml);
    const std::size_t space = row.where.find(' ');
    const std::string place = std::string(row.where.substr(0, space)) + " socketio.namespaces./.events[0]" +
                              (space == std::string_view::npos ? "" : std::string(row.where.substr(space + 1)));
    const Row whole[] = {{yaml, place, row.what}};
    check(whole, &ReadRules::mistakes);
  }
}

TEST(ReadRules, AllMistakesAreToldAtOnce) {
  const ReadRules read = fakes::read_rules(R"(
engineio: {ping_interval: 5, transports: [x]}
socketio:
  path: x
  namespaces: {"/": {events: [{event: connect, ack: [$foo]}]}}
)");
  EXPECT_THAT(read.mistakes, SizeIs(5));
}

TEST(ReadRules, WhatNeverDecidesIsAWarning) {
  const Row rows[] = {
      {"{/: {events: [{event: 'chat*'}, {event: chat message}]}}", "1:64 socketio.namespaces./.events[1].event",
       "\"chat*\" before it matches the same"},
      {"{/: {events: [{event: x}, {event: x}]}}", "1:58 socketio.namespaces./.events[1].event", "\"x\" before it"},
      {"{/: {refuse: [{message: no}, {when: {query.x: present}}]}}", "1:53 socketio.namespaces./.refuse[1]",
       "refuses everybody"},
      {"{/: {deliver: {'*': [$args], x: []}}}", "1:53 socketio.namespaces./.deliver.x", "\"*\" before it"},
      {"{/: {events: [{event: x, do: [drop, broadcast]}]}}", "1:60 socketio.namespaces./.events[0].do[1]",
       "is never reached"},
      {"{/: {events: [{event: x, dedupe: {by: $0, window: 1m}}]}}", "1:57 socketio.namespaces./.events[0].dedupe",
       "write ack: []"},
  };
  for (const Row& row : rows) {
    const std::string yaml = "socketio: {namespaces: " + std::string(row.yaml) + "}";
    const Row whole[] = {{yaml, row.where, row.what}};
    check(whole, &ReadRules::warnings);
    EXPECT_THAT(fakes::read_rules(yaml).mistakes, IsEmpty()) << yaml;
  }
}

TEST(ReadRules, ConditionedRulesDoNotHideLaterOnes) {
  const ReadRules read = fakes::read_rules(R"(
socketio:
  namespaces:
    /:
      refuse: [{when: {query.a: present}}, {unless: {auth.b: present}}]
      events:
        - {event: "chat ?", do: [{when: {$0: present}, drop: true}, broadcast]}
        - {event: "chat *", do: []}
)");
  EXPECT_THAT(read.mistakes, IsEmpty());
  EXPECT_THAT(read.warnings, IsEmpty());
}

}  // namespace
}  // namespace proto::socketio
