// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/encode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "proto/json.h"
#include "proto/socketio/packet.h"

namespace proto::socketio {
namespace {

std::string event(std::string_view name, const Outgoing& outgoing) {
  std::string out;
  append_event(out, name, outgoing);
  return out;
}

std::string ack(const Outgoing& outgoing) {
  std::string out;
  append_ack(out, outgoing);
  return out;
}

std::string refused(std::string_view name, const Outgoing& outgoing) {
  const auto why = check_deliverable(name, outgoing);
  return why ? std::string(label(*why)) : "";
}

constexpr std::string_view zero = R"({"_placeholder":true,"num":0})";
constexpr std::string_view one = R"({"_placeholder":true,"num":1})";

TEST(Encode, EventsAreTheProtocolsExamples) {
  const std::string_view hi[] = {R"("hi")"};
  const std::string_view both[] = {zero, one};
  EXPECT_EQ(event("foo", {}), R"(42["foo"])");
  EXPECT_EQ(event("bar", {.nsp = "/admin"}), R"(42/admin,["bar"])");
  EXPECT_EQ(event("foo", {.id = 12}), R"(4212["foo"])");
  EXPECT_EQ(event("foo", {.id = 0}), R"(420["foo"])");
  EXPECT_EQ(event("chat message", {.arguments = hi}), R"(42["chat message","hi"])");
  EXPECT_EQ(event("baz", {.arguments = std::span(both).first(1), .attachments = 1}),
            R"(451-["baz",{"_placeholder":true,"num":0}])");
  EXPECT_EQ(event("baz", {.nsp = "/admin", .arguments = both, .attachments = 2}),
            R"(452-/admin,["baz",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])");
  EXPECT_EQ(event("a\"\n\xC3\xA9", {}), "42[\"a\\\"\\n\xC3\xA9\"]");
}

TEST(Encode, AcksAreTheProtocolsExamples) {
  const std::string_view bar[] = {R"("bar")", zero};
  EXPECT_EQ(ack({.nsp = "/admin", .id = 13, .arguments = std::span(bar).first(1)}), R"(43/admin,13["bar"])");
  EXPECT_EQ(ack({.id = 15, .arguments = bar, .attachments = 1}), R"(461-15["bar",{"_placeholder":true,"num":0}])");
  EXPECT_EQ(ack({.id = 456}), "43456[]");
}

TEST(Encode, PiecesMayBeSeveralValuesOrNone) {
  const std::string_view pieces[] = {"", "1,\"2\"", "", "[3]", R"("offset")", ""};
  EXPECT_EQ(event("a", {.arguments = pieces}), R"(42["a",1,"2",[3],"offset"])");
  EXPECT_EQ(ack({.id = 1, .arguments = pieces}), R"(431[1,"2",[3],"offset"])");
  EXPECT_EQ(ack({.id = 1, .arguments = std::span(pieces).first(1)}), "431[]");
}

TEST(Encode, ConnectTellsSidAndPid) {
  std::string out;
  append_connect(out, "/", "wZX3oN0bSVIhsaknAAAI");
  EXPECT_EQ(out, R"(40{"sid":"wZX3oN0bSVIhsaknAAAI"})");
  out.clear();
  append_connect(out, "/admin", "a", "b");
  EXPECT_EQ(out, R"(40/admin,{"sid":"a","pid":"b"})");
}

TEST(Encode, ConnectErrorTellsMessageAndData) {
  std::string out;
  append_connect_error(out, "/random", "Invalid namespace");
  EXPECT_EQ(out, R"(44/random,{"message":"Invalid namespace"})");
  out.clear();
  append_connect_error(out, "/", "not \"you\"", R"({"code":7})");
  EXPECT_EQ(out, R"(44{"message":"not \"you\"","data":{"code":7}})");
}

TEST(Encode, DisconnectNamesItsNamespace) {
  std::string out;
  append_disconnect(out, "/");
  append_disconnect(out, "/admin");
  EXPECT_EQ(out, "4141/admin,");
}

TEST(Encode, PlaceholdersAreWritten) {
  std::string out;
  append_placeholder(out, 1);
  EXPECT_EQ(out, one);
}

TEST(Encode, WhatAClientsParserWouldRefuseIsNotDeliverable) {
  const std::string_view used[] = {zero};
  const std::string_view beyond[] = {one};
  const std::string_view hidden[] = {"1", R"({"a":[{"x":{"\u005fplaceholder":true}}]})"};
  const std::string_view joined[] = {R"(1,{"_placeholder":true,"num":0},{"_placeholder":true,"num":3})"};
  const std::string_view plain[] = {R"({"a":{"_placeholder":false}})"};
  struct {
    std::string_view name;
    Outgoing outgoing;
    std::string why;
  } const rows[] = {
      {"news", {}, ""},
      {"", {}, ""},
      {"connect", {}, "reserved_event"},
      {"connect_error", {}, "reserved_event"},
      {"disconnect", {.attachments = 11}, "reserved_event"},
      {"disconnecting", {}, "reserved_event"},
      {"newListener", {}, "reserved_event"},
      {"removeListener", {}, "reserved_event"},
      {"news", {.arguments = used, .attachments = 1}, ""},
      {"news", {.attachments = 10}, ""},
      {"news", {.attachments = 11}, "too_many_attachments"},
      {"news", {.arguments = beyond, .attachments = 1}, "bad_placeholder"},
      {"news", {.arguments = beyond, .attachments = 2}, ""},
      {"news", {.arguments = hidden, .attachments = 2}, "bad_placeholder"},
      {"news", {.arguments = joined, .attachments = 3}, "bad_placeholder"},
      {"news", {.arguments = joined, .attachments = 4}, ""},
      {"news", {.arguments = plain, .attachments = 1}, ""},
      // in a packet without attachments it is an object like any other
      {"news", {.arguments = beyond}, ""},
      {"news", {.arguments = hidden}, ""},
  };
  for (const auto& row : rows) EXPECT_EQ(refused(row.name, row.outgoing), row.why) << row.name;
}

TEST(Encode, AnArgumentAsDeepAsJsonMayBeIsDeliverable) {
  const std::string deep = std::string(64, '[') + std::string(64, ']');
  const std::string_view arguments[] = {deep};
  EXPECT_EQ(refused("a", {.arguments = arguments, .attachments = 1}), "");
}

// Random packets, written and read again.
TEST(Encode, WhatIsWrittenIsReadAgain) {
  std::mt19937 random(11);
  const std::string_view values[] = {"1",   "-2.5e3", "\"x\"", "null", "[1,{\"a\":[]}]", "{\"b\":\"\\u00e9\\n\"}",
                                     "true"};
  const std::string_view names[] = {"chat message", "a\"b", "\n", "\xC3\xA9", "0", ""};
  for (int round = 0; round < 3000; ++round) {
    Outgoing outgoing{.nsp = random() % 2 == 0 ? "/" : "/admin/x",
                      .attachments = random() % 3 == 0 ? random() % 11 : 0};
    if (random() % 2 == 0) outgoing.id = random() & id_max;
    std::vector<std::string> owned;
    for (std::size_t i = 0; i < outgoing.attachments; ++i) append_placeholder(owned.emplace_back(), i);
    for (auto left = random() % 4; left > 0; --left) owned.emplace_back(values[random() % std::size(values)]);
    std::shuffle(owned.begin(), owned.end(), random);
    const std::vector<std::string_view> arguments(owned.begin(), owned.end());
    outgoing.arguments = arguments;
    const std::string_view name = names[random() % std::size(names)];
    const bool is_event = random() % 2 == 0;
    ASSERT_EQ(refused(is_event ? name : "", outgoing), "");
    std::string text = is_event ? event(name, outgoing) : ack(outgoing);

    Packet packet;
    ASSERT_EQ(parse_packet(std::span(text).subspan(1), packet), std::nullopt) << text;
    const bool binary = outgoing.attachments > 0;
    ASSERT_EQ(packet.type, is_event ? (binary ? PacketType::binary_event : PacketType::event)
                                    : (binary ? PacketType::binary_ack : PacketType::ack));
    ASSERT_EQ(packet.nsp, outgoing.nsp);
    ASSERT_EQ(packet.id, outgoing.id);
    ASSERT_EQ(packet.attachments, outgoing.attachments);
    ASSERT_EQ(packet.placeholders.size(), outgoing.attachments);
    ASSERT_EQ(packet.event, is_event ? name : "");
    ASSERT_EQ(std::vector<std::string_view>(packet.argument.begin(), packet.argument.end()), arguments);
    std::string again;
    const std::string_view joined[] = {packet.arguments};
    outgoing.arguments = joined;
    if (is_event) append_event(again, packet.event, outgoing);
    if (!is_event) append_ack(again, outgoing);
    ASSERT_EQ(again, text);
  }
}

}  // namespace
}  // namespace proto::socketio
