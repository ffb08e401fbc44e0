// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/run_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rule_yaml.h"

namespace proto::socketio {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Pairs = std::vector<std::pair<std::string, std::string>>;

std::string join(std::span<const std::string_view> pieces) {
  std::string out;
  for (const std::string_view piece : pieces) out += (out.empty() ? "" : ",") + std::string(piece);
  return out;
}

std::string join(const std::vector<std::string>& pieces) {
  const std::vector<std::string_view> views(pieces.begin(), pieces.end());
  return join(views);
}

// What a step does, in one line.
std::string told(const Step& step) {
  constexpr std::string_view names[] = {"emit",   "ask",        "broadcast", "join", "leave", "set",
                                        "replay", "disconnect", "publish",   "drop", "send"};
  std::string out(names[static_cast<std::size_t>(step.action->kind)]);
  if (!step.event.empty()) out += " <" + step.event + ">";
  if (!step.text.empty()) out += " '" + step.text + "'";
  if (!step.to.empty()) out += " to " + join(step.to);
  if (!step.except.empty()) out += " except " + join(step.except);
  if (step.action->kind == ActionKind::broadcast && !step.action->sender) out += " others";
  if (step.action->member) out += " member";
  if (step.binary) out += " binary";
  if (!step.content.json.empty()) out += " " + step.content.json;
  for (const std::string_view attachment : step.content.attachments) out += " +" + std::string(attachment);
  for (const auto& [name, json] : step.data) out += " " + name + "=" + json;
  return out;
}

// A namespace with rooms room-*, one event rule `rule`, and what is known of a socket that emits `text`.
struct Case {
  explicit Case(std::string_view rule)
      : read(fakes::read_rules("socketio:\n  namespaces:\n    /n:\n      rooms: [room-*]\n      events:\n        - " +
                               std::string(rule) + "\n")) {
    for (const RuleMistake& mistake : read.mistakes) ADD_FAILURE() << rule << ": " << mistake.key << mistake.what;
    known.sid = "S1";
    known.auth = R"({"token":"t","user":{"name":"Ada","a\u0062":[1]}})";
    known.query = query;
    known.headers = headers;
    known.data = data;
    known.time_us = 1'700'000'000'012'345;
  }

  void emit(std::string packet_text, std::vector<std::string> with = {}) {
    text = std::move(packet_text);
    attachments = std::move(with);
    ASSERT_FALSE(parse_packet(text, packet)) << text;
    known.event = packet.event;
    known.arguments = arguments_of(packet, attachments);
  }

  const NamespaceRules& nsp() const { return read.rules.namespaces.at(0); }
  const EventRule& rule() const { return nsp().events.at(0); }

  ReadRules read;
  Pairs query = {{"room", "r\"1"}, {"empty", ""}, {"bad", "\xFF"}};
  Pairs headers = {{"user-agent", "curl"}};
  Pairs data = {{"nick", R"({"first":"A"})"}};
  std::string text;
  Packet packet;
  std::vector<std::string> attachments;
  Known known;
};

struct Row {
  std::string_view rule;
  std::string told;  // steps, a line each; or "!label"
  std::string text = R"(2["e","a",{"b":1},3])";
  std::vector<std::string> attachments = {};
};

void check(std::span<const Row> rows) {
  for (const Row& row : rows) {
    Case with(row.rule);
    with.emit(row.text, row.attachments);
    const Outcome result = run(with.rule().actions, with.known, &with.nsp());
    std::string out;
    for (const Step& step : result.steps) out += (out.empty() ? "" : "; ") + told(step);
    if (result.refused) out += "!" + std::string(label(*result.refused));
    if (result.dropped) out += out.empty() ? "dropped" : "; dropped";
    EXPECT_EQ(out, row.told) << row.rule;
  }
}

TEST(RunRules, EachActionIsFilledIn) {
  const Row rows[] = {
      {"{event: e, do: [{emit: {event: back, args: [$args]}}]}", R"(emit <back> "a",{"b":1},3)"},
      {"{event: e, do: [{emit: {}}]}", R"(emit <e> "a",{"b":1},3)"},
      {"{event: '?', do: [broadcast]}", R"(broadcast <e> "a",{"b":1},3)"},
      {"{event: e, do: [{broadcast: {sender: false, event: $0, args: []}}]}", "broadcast <a> others"},
      {"{event: e, do: [{broadcast: {to: [$0, x], except: [y], member: true, args: [$2]}}]}",
       "broadcast <e> to a,x except y member 3"},
      {"{event: e, do: [{join: $0}, {leave: other}]}", "join 'room-1'; leave 'other'", R"(2["e","room-1"])"},
      {"{event: e, do: [{set: {nick: $0, at: 5}}]}", R"(set nick="a" at=5)"},
      {"{event: e, do: [{replay: {event: chat, after: $0}}]}", "replay <chat> 'a'"},
      {"{event: e, do: [{replay: {event: chat, after: $auth.none}}]}", "replay <chat>"},
      {"{event: e, do: [{replay: {event: chat, after: $2}}]}", "replay <chat> '3'"},
      {"{event: e, do: [disconnect]}", "disconnect"},
      {"{event: e, do: [{publish: audit}]}", R"(publish 'audit' "a",{"b":1},3)"},
      {"{event: e, do: [{publish: {topic: $$room/x, event: seen, args: [$sid]}}]}", R"(publish <seen> '$room/x' "S1")"},
      {"{event: e, do: [{ask: {event: sure, args: [1], then: [{emit: {event: ok}}]}}]}", "ask <sure> 1"},
      {"{event: e, do: [{emit: {args: []}}, drop]}", "emit <e>; dropped"},
      {"{event: e, do: []}", ""},
  };
  check(rows);
}

TEST(RunRules, EachTemplateIsFilledIn) {
  struct Filling {
    std::string_view written;
    std::string filled;
  };
  const Filling fillings[] = {
      {"$0", R"("a")"},
      {"$1", R"({"b":1})"},
      {"$9", "null"},
      {"$args", R"("a",{"b":1},3)"},
      {"[$args]", R"(["a",{"b":1},3])"},
      {"$auth", R"({"token":"t","user":{"name":"Ada","a\u0062":[1]}})"},
      {"$auth.token", R"("t")"},
      {"$auth.user.name", R"("Ada")"},
      {"$auth.user.ab", "[1]"},
      {"$auth.user.none.x", "null"},
      {"$auth.token.x", "null"},
      {"$query.room", R"("r\"1")"},
      {"$query.empty", R"("")"},
      {"$query.bad", "null"},
      {"$query.none", "null"},
      {"$headers.User-Agent", R"("curl")"},
      {"$sid", R"("S1")"},
      {"$data.nick", R"({"first":"A"})"},
      {"$data.nick.first", R"("A")"},
      {"$data.none.x", "null"},
      {"$event", R"("e")"},
      {"$time", "1700000000.012"},
      {"$$0", R"("$0")"},
      {"text", R"("text")"},
      {"'5'", R"("5")"},
      {"5", "5"},
      {"-1.5e3", "-1.5e3"},
      {"0x10", R"("0x10")"},
      {"true", "true"},
      {"null", "null"},
      {"~", "null"},
      {"[]", "[]"},
      {"{a: [1, b], c: {}}", R"({"a":[1,"b"],"c":{}})"},
      {"{who: $auth.user.name, all: [x, $args]}", R"({"who":"Ada","all":["x","a",{"b":1},3]})"},
      {"{binary: AAE=}", R"({"_placeholder":true,"num":0} +)" + std::string("\0\1", 2)},
  };
  for (const Filling& filling : fillings) {
    const std::string rule = "{event: e, do: [{emit: {args: [" + std::string(filling.written) + "]}}]}";
    const Row rows[] = {{rule, "emit <e> " + filling.filled}};
    check(rows);
  }
}

TEST(RunRules, WhatIsNotKnownIsNull) {
  Case with("{event: e, do: [{emit: {args: [$auth, $sid, $args, $data.x, x]}}]}");
  with.known = {};
  with.known.event = "e";
  const Outcome result = run(with.rule().actions, with.known, &with.nsp());
  ASSERT_EQ(result.steps.size(), 1);
  EXPECT_EQ(told(result.steps[0]), R"(emit <e> {},null,null,"x")");
}

TEST(RunRules, AttachmentsThatAreUsedAreKeptInTheirOrder) {
  const std::string two = R"(52-["e",{"_placeholder":true,"num":1},["x",{"_placeholder":true,"num":0}],1])";
  const std::string p0 = R"({"_placeholder":true,"num":0})";
  const std::string p1 = R"({"_placeholder":true,"num":1})";
  const Row rows[] = {
      {"{event: e, do: [{emit: {}}]}", "emit <e> " + p0 + R"(,["x",)" + p1 + "],1 +BB +AA", two, {"AA", "BB"}},
      {"{event: e, do: [{emit: {args: [$1]}}]}", R"(emit <e> ["x",)" + p0 + "] +AA", two, {"AA", "BB"}},
      {"{event: e, do: [{emit: {args: [$0, $0]}}]}", "emit <e> " + p0 + "," + p0 + " +BB", two, {"AA", "BB"}},
      {"{event: e, do: [{emit: {args: [$2]}}]}", "emit <e> 1", two, {"AA", "BB"}},
      {"{event: e, do: [{emit: {args: [{binary: Q0M=}, $1]}}]}",
       "emit <e> " + p0 + R"(,["x",)" + p1 + "] +CC +AA",
       two,
       {"AA", "BB"}},
      {"{event: e, do: [{set: {x: $0}}]}", "!binary_data", two, {"AA", "BB"}},
      // without attachments it is an object like any other
      {"{event: e, do: [{emit: {args: [$0]}}]}", R"(emit <e> {"_placeholder":true,"num":7})",
       R"(2["e",{"_placeholder":true,"num":7}])"},
      {"{event: e, do: [{emit: {args: [$0, {binary: Q0M=}]}}]}", "!undeliverable",
       R"(2["e",{"_placeholder":true,"num":7}])"},
  };
  check(rows);
}

TEST(RunRules, ActionsRunInOrderWithWhatTheOnesBeforeSet) {
  const Row rows[] = {
      {"{event: e, do: [{set: {nick: $0}}, {emit: {args: [$data.nick]}}, {set: {nick: $2, b: 1}}, {emit: {args: "
       "[$data.nick, $data.b]}}]}",
       R"(set nick="a"; emit <e> "a"; set nick=3 b=1; emit <e> 3,1)"},
      {"{event: e, do: [{when: {$5: present}, drop: true}, {emit: {args: []}}]}", "emit <e>"},
      {"{event: e, do: [{when: {query.room: present, auth.token: present}, emit: {args: [1]}}]}", "emit <e> 1"},
      {"{event: e, do: [{when: {query.room: present, auth.no: present}, emit: {args: [1]}}]}", ""},
      {"{event: e, do: [{unless: {query.room: present}, emit: {args: [1]}}]}", ""},
      {"{event: e, do: [{unless: {query.no: present}, emit: {args: [1]}}]}", "emit <e> 1"},
      {"{event: e, do: [{when: {query.empty: present}, emit: {args: [1]}}]}", "emit <e> 1"},
  };
  check(rows);
}

TEST(RunRules, WhatAClientMayNotNameIsRefusedAndNothingIsDone) {
  const std::string long_name(250, 'x');
  std::string many_names;
  for (std::size_t i = 0; i <= named_rooms_max; ++i) many_names += R"(,"room")";
  const Row rows[] = {
      {"{event: e, do: [{emit: {}}, {join: $0}]}", "!bad_room"},
      {"{event: e, do: [{join: $0}]}", "!bad_room", R"(2["e",5])"},
      {"{event: e, do: [{join: $0}]}", "!bad_room", R"(2["e","room-/$x"])"},
      {"{event: e, do: [{join: $0}]}", "!bad_room", R"(2["e","room-)" + long_name + R"("])"},
      {"{event: e, do: [{leave: $0}]}", "!bad_room", R"(2["e","$x"])"},
      {"{event: e, do: [{broadcast: {to: [$0]}}]}", "!bad_room", R"(2["e",{}])"},
      {"{event: e, do: [{broadcast: {to: [$args]}}]}", "!bad_room", R"(2["e"])"},
      {"{event: e, do: [{broadcast: {to: [$args]}}]}", "!bad_room", R"(2["e")" + many_names + "]"},
      {"{event: e, do: [{broadcast: {event: $0}}]}", "!bad_event", R"(2["e","disconnect"])"},
      {"{event: e, do: [{broadcast: {event: $0}}]}", "!bad_event", R"(2["e",""])"},
      {"{event: e, do: [{broadcast: {event: $0}}]}", "!bad_event", R"(2["e",1])"},
      {"{event: e, do: [{publish: $0}]}", "!bad_topic", R"(2["e","a/$room"])"},
      {"{event: e, do: [{publish: $0}]}", "!bad_topic", R"(2["e",null])"},
      {"{event: e, do: [{publish: $0}]}", R"(publish 'a/b' "a/b")", R"(2["e","a/b"])"},
  };
  check(rows);
  for (const std::string_view name : {"$room/x", "", "connect", "a\nb"}) EXPECT_TRUE(check_event_name(name)) << name;
  EXPECT_FALSE(check_event_name("chat message"));
}

TEST(RunRules, ArgumentsAreChecked) {
  struct Check {
    std::string_view args;
    std::string text;
    std::string refused;
  };
  const Check checks[] = {
      {"{max: 1}", R"(2["e","a"])", ""},
      {"{max: 1}", R"(2["e","a","b"])", "too_many_arguments"},
      {"{max: 0}", R"(2["e"])", ""},
      {"{types: [string]}", R"(2["e"])", "wrong_argument"},
      {"{types: [string]}", R"(2["e",5])", "wrong_argument"},
      {"{types: [string, number, boolean, object, array, 'null', any]}", R"(2["e","",-1,true,{},[],null,7,8])", ""},
      {"{types: [binary]}", R"(51-["e",{"_placeholder":true,"num":0}])", ""},
      {"{types: [object]}", R"(51-["e",{"_placeholder":true,"num":0}])", "wrong_argument"},
      {"{types: [binary]}", R"(2["e",{"_placeholder":true,"num":0}])", "wrong_argument"},
      {"{bytes: 5B}", R"(2["e","abc"])", ""},
      {"{bytes: 4B}", R"(2["e","abc"])", "arguments_too_large"},
      {"{bytes: 31B}", R"(51-["e",{"_placeholder":true,"num":0}])", ""},
      {"{bytes: 30B}", R"(51-["e",{"_placeholder":true,"num":0}])", "arguments_too_large"},
  };
  for (const Check& check : checks) {
    Case with("{event: e, args: " + std::string(check.args) + "}");
    with.emit(check.text, check.text.starts_with('5') ? std::vector<std::string>{"AA"} : std::vector<std::string>{});
    const auto refused = check_arguments(with.rule().checks, with.known.arguments);
    EXPECT_EQ(refused ? label(*refused) : "", check.refused) << check.args << " " << check.text;
  }
}

TEST(RunRules, RepetitionHasTheSameKeyAndTheSameArguments) {
  Case with("{event: e, dedupe: {by: $1, window: 1m}, ack: []}");
  const auto key = [&](std::string text, std::vector<std::string> attachments = {}) {
    Packet packet;
    EXPECT_FALSE(parse_packet(text, packet));
    with.known.arguments = arguments_of(packet, attachments);
    return dedupe_key(*with.rule().dedupe, with.known);
  };
  const std::string first = key(R"(2["e","hi","k1"])");
  EXPECT_NE(first, "");
  EXPECT_EQ(key(R"(29["e","hi","k1"])"), first);
  EXPECT_NE(key(R"(2["e","ho","k1"])"), first);  // the tutorial's "undefined-0" of two pages
  EXPECT_NE(key(R"(2["e","hi","k2"])"), first);
  EXPECT_EQ(key(R"(2["e","hi"])"), "");
  const std::string binary = R"(51-["e",{"_placeholder":true,"num":0},"k"])";
  EXPECT_EQ(key(binary, {"A"}), key(binary, {"A"}));
  EXPECT_NE(key(binary, {"A"}), key(binary, {"B"}));
}

TEST(RunRules, AcknowledgementsAndDeliveriesKnowTheCursor) {
  Case with("{event: e, ack: [$0, $cursor]}");
  with.emit(R"(21["e","a"])");
  with.known.cursor = "5f3a-7";
  EXPECT_EQ(fill_list(*with.rule().ack, with.known).json, R"("a","5f3a-7")");
}

TEST(RunRules, FirstMatchDecides) {
  const ReadRules read = fakes::read_rules(R"(
engineio:
  refuse: [{when: {query.deny: present}}]
  endpoints:
    - path: /e
      on_connect: [{send: hi}, {send: {a: 1}}, {send: {binary: AAE=}}]
      messages: [{match: "say *", do: [{publish: said}, {send: $message}]}, {match: "*", do: [{send: $message}]}]
socketio:
  namespaces:
    /:
      refuse: [{when: {query.fail: present}, message: no, data: {q: $query.fail}}, {unless: {auth.token: present}}]
      events: [{event: a}, {event: "*"}]
      deliver: {a: [$args, $cursor], "b*": []}
)");
  ASSERT_THAT(read.mistakes, IsEmpty());
  const NamespaceRules& nsp = *find_namespace(read.rules, "/");
  EXPECT_EQ(find_namespace(read.rules, "/x"), nullptr);
  EXPECT_EQ(find_rule(nsp, "a"), &nsp.events[0]);
  EXPECT_EQ(find_rule(nsp, "ab"), &nsp.events[1]);
  EXPECT_EQ(find_delivery(nsp, "a"), &nsp.deliver[0]);
  EXPECT_EQ(find_delivery(nsp, "c"), nullptr);

  const Pairs fail = {{"fail", "x"}};
  Known known{.query = fail};
  ASSERT_EQ(find_refusal(nsp, known), &nsp.refuse[0]);
  EXPECT_EQ(fill(*nsp.refuse[0].data, known).json, R"({"q":"x"})");
  EXPECT_FALSE(refuses(read.rules.options, known));
  EXPECT_EQ(find_refusal(nsp, {}), &nsp.refuse[1]);
  EXPECT_EQ(find_refusal(nsp, {.auth = R"({"token":1})"}), nullptr);
  const Pairs deny = {{"deny", ""}};
  EXPECT_TRUE(refuses(read.rules.options, {.query = deny}));

  const EngineEndpoint& endpoint = read.rules.endpoints.at(0);
  const auto all = [&](std::span<const Action> actions, const Known& with) {
    std::vector<std::string> out;
    const Outcome result = run(actions, with, nullptr);
    for (const Step& step : result.steps) out.push_back(told(step));
    return out;
  };
  const std::string bytes("\0\1", 2);
  EXPECT_THAT(all(endpoint.on_connect, {}),
              ElementsAre("send hi", R"(send {"a":1})", R"(send binary {"_placeholder":true,"num":0} +)" + bytes));
  known.message = {.bytes = "say \"hi\"", .binary = false};
  ASSERT_EQ(find_rule(endpoint, known.message), &endpoint.messages[0]);
  EXPECT_THAT(all(endpoint.messages[0].actions, known), ElementsAre("publish 'said' say \"hi\"", "send say \"hi\""));
  known.message = {.bytes = bytes, .binary = true};
  ASSERT_EQ(find_rule(endpoint, known.message), &endpoint.messages[1]);
  EXPECT_THAT(all(endpoint.messages[1].actions, known),
              ElementsAre(R"(send binary {"_placeholder":true,"num":0} +)" + bytes));
}

TEST(RunRules, SecretsOfTheRecoveryAreNoAuth) {
  EXPECT_EQ(visible_auth(""), "{}");
  EXPECT_EQ(visible_auth("{}"), "{}");
  EXPECT_EQ(visible_auth(R"({"pid":"x","a":1, "of\u0066set" : "y","b":{"pid":2}})"), R"({"a":1,"b":{"pid":2}})");
  EXPECT_EQ(visible_auth(R"({"a\"":"\u0041"})"), R"({"a\"":"\u0041"})");
}

}  // namespace
}  // namespace proto::socketio
