// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/packet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/json.h"

namespace proto::socketio {
namespace {

using testing::ElementsAre;

std::string repeat(std::string_view piece, std::size_t times) {
  std::string out;
  for (; times > 0; --times) out += piece;
  return out;
}

// Everything a packet tells, in one line: type, attachments, namespace, query, id, payload, event, arguments; what is
// absent is left out. Or "!label".
std::string told(std::string text) {
  const std::string before = text;
  Packet packet;
  if (const auto error = parse_packet(text, packet)) return "!" + std::string(label(*error));
  constexpr std::string_view names[] = {"connect",       "disconnect",   "event",     "ack",
                                        "connect_error", "binary_event", "binary_ack"};
  std::string out(names[static_cast<std::size_t>(packet.type)]);
  if (packet.attachments > 0) out += " +" + std::to_string(packet.attachments);
  out += " " + std::string(packet.nsp);
  if (!packet.nsp_query.empty()) out += "?" + std::string(packet.nsp_query);
  if (packet.id) out += " id=" + std::to_string(*packet.id);
  if (packet.type == PacketType::connect || packet.type == PacketType::connect_error) {
    if (!packet.payload.empty()) out += " " + std::string(packet.payload);
  } else {
    if (packet.event_is_number) out += " number";
    if (packet.event.data() != nullptr) out += " <" + std::string(packet.event) + ">";
    for (const std::string_view argument : packet.argument) out += " | " + std::string(argument);
  }
  for (const Placeholder& placeholder : packet.placeholders) out += " #" + std::to_string(placeholder.number);
  return out;
}

struct Row {
  std::string text;
  std::string told;
};

void check(std::span<const Row> rows) {
  for (const Row& row : rows) EXPECT_EQ(told(row.text), row.told) << row.text;
}

TEST(Packet, ExamplesOfTheProtocolAreRead) {
  const Row rows[] = {
      {"0", "connect /"},
      {R"(0/admin,{"sid":"oSO0OpakMV_3jnilAAAA"})", R"(connect /admin {"sid":"oSO0OpakMV_3jnilAAAA"})"},
      {R"(4{"message":"Not authorized"})", R"(connect_error / {"message":"Not authorized"})"},
      {R"(2["foo"])", "event / <foo>"},
      {R"(2/admin,["bar"])", "event /admin <bar>"},
      {R"(51-["baz",{"_placeholder":true,"num":0}])", R"(binary_event +1 / <baz> | {"_placeholder":true,"num":0} #0)"},
      {R"(52-/admin,["baz",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])",
       R"(binary_event +2 /admin <baz> | {"_placeholder":true,"num":0} | {"_placeholder":true,"num":1} #0 #1)"},
      {R"(212["foo"])", "event / id=12 <foo>"},
      {R"(3/admin,13["bar"])", "ack /admin id=13 | \"bar\""},
      {R"(61-15["bar",{"_placeholder":true,"num":0}])",
       R"(binary_ack +1 / id=15 | "bar" | {"_placeholder":true,"num":0} #0)"},
      {"1", "disconnect /"},
      {"1/admin,", "disconnect /admin"},
  };
  check(rows);
}

TEST(Packet, WhatTheOfficialSuiteSendsIsRead) {
  const Row rows[] = {
      {R"(0{"token":"123"})", R"(connect / {"token":"123"})"},
      {"0/custom,", "connect /custom"},
      {"0/custom", "connect /custom"},
      {R"(0/custom,{"token":"abc"})", R"(connect /custom {"token":"abc"})"},
      {"0/random", "connect /random"},
      {"1/custom", "disconnect /custom"},
      {R"(2["message",1,"2",{"3":[true]}])", R"(event / <message> | 1 | "2" | {"3":[true]})"},
      {R"(2456["message-with-ack",1,"2",{"3":[false]}])",
       R"(event / id=456 <message-with-ack> | 1 | "2" | {"3":[false]})"},
      {"abc", "!unknown_type"},
      {"2{}", "!invalid_payload"},
      {R"(2abc["message-with-ack",1,"2",{"3":[false]}])", "!invalid_payload"},
  };
  check(rows);
}

TEST(Packet, HeadersAreStrict) {
  const Row rows[] = {
      {"", "!unknown_type"},
      {"7", "!unknown_type"},
      {" 2[\"a\"]", "!unknown_type"},
      // attachments
      {"5[\"a\"]", "!bad_attachment_count"},
      {"5-[\"a\"]", "!bad_attachment_count"},
      {"51[\"a\"]", "!bad_attachment_count"},
      {"51", "!bad_attachment_count"},
      {"5a-[\"a\"]", "!bad_attachment_count"},
      {"5-1-[\"a\"]", "!bad_attachment_count"},
      {"5+1-[\"a\"]", "!bad_attachment_count"},
      {"51.0-[\"a\"]", "!bad_attachment_count"},
      {"51e0-[\"a\"]", "!bad_attachment_count"},
      {"50x1-[\"a\"]", "!bad_attachment_count"},
      {"5 1-[\"a\"]", "!bad_attachment_count"},
      {"5Infinity-[\"a\"]", "!bad_attachment_count"},
      {"5" + std::string(17, '1') + "-[\"a\"]", "!bad_attachment_count"},
      {"599999999999-[\"a\"]", "!too_many_attachments"},
      {"511-[\"a\"]", "!too_many_attachments"},
      {"611-1[]", "!too_many_attachments"},
      {"510-[\"a\"]", "binary_event +10 / <a>"},
      {"501-[\"a\"]", "binary_event +1 / <a>"},
      {"50-[\"a\"]", "!bad_attachment_count"},
      {"500-[\"a\"]", "!bad_attachment_count"},
      {"60-7[]", "!bad_attachment_count"},
      // namespaces
      {"2/,[\"a\"]", "event / <a>"},
      {"2/a/b,[\"a\"]", "event /a/b <a>"},
      {"2/a[\"b\",1]", "!invalid_payload"},  // up to the comma all of it is a name
      {"0/admin?token=1&x=/,", "connect /admin?token=1&x=/"},
      {"0/admin?,{}", "connect /admin {}"},
      {"0/\xC3\xA9,", "connect /\xC3\xA9"},
      {"0/a\x1e"
       "4b",
       "!bad_namespace"},
      {"0/a\nb,", "!bad_namespace"},
      // ids
      {"20[\"a\"]", "event / id=0 <a>"},
      {"2007[\"a\"]", "event / id=7 <a>"},
      {"2/a,3[\"a\"]", "event /a id=3 <a>"},
      {"29007199254740991[\"a\"]", "event / id=9007199254740991 <a>"},
      {"29007199254740992[\"a\"]", "!bad_id"},
      {"2" + std::string(17, '0') + "[\"a\"]", "!bad_id"},
      {"2 [\"a\"]", "!bad_id"},
      {"212 [\"a\"]", "!bad_id"},
      {"2-1[\"a\"]", "!invalid_payload"},
      {"3[]", "ack /"},  // of nobody's asking
      {"05{}", "connect / id=5 {}"},
      {"12", "disconnect / id=2"},
  };
  check(rows);
}

TEST(Packet, PayloadsAreOfTheirPacketsKind) {
  const Row rows[] = {
      {"0{}", "connect / {}"},
      {"0[]", "!invalid_payload"},
      {"0\"a\"", "!invalid_payload"},
      {"0null", "!invalid_payload"},
      {"0{", "!not_json"},
      {"0{}x", "!not_json"},
      {"0{} ", "connect / {}"},
      {"0oops", "!not_json"},
      {"1{}", "!invalid_payload"},
      {"1[]", "!invalid_payload"},
      {"1/a,null", "!invalid_payload"},
      {"4\"no\"", "connect_error / \"no\""},
      {"4[]", "!invalid_payload"},
      {"2", "!invalid_payload"},
      {"2/a,", "!invalid_payload"},
      {"212", "!invalid_payload"},
      {"2[]", "!invalid_payload"},
      {"2[null]", "!invalid_payload"},
      {"2[true]", "!invalid_payload"},
      {"2[{}]", "!invalid_payload"},
      {"2[[\"a\"]]", "!invalid_payload"},
      {"2\"a\"", "!invalid_payload"},
      {"2null", "!invalid_payload"},
      {"2[\"a\"", "!not_json"},
      {"2[\"a\",]", "!not_json"},
      {"2[\"a\"]]", "!not_json"},
      {"2[\"a]", "!not_json"},
      {"2[\"a\" 1]", "!not_json"},
      {"2[\"a\n\"]", "!not_json"},
      {"2[01]", "!not_json"},
      {"2[\"a\",\x1e"
       "1]",
       "!not_json"},
      {"2[\"\"]", "event / <>"},
      {"2[1]", "event / number <1>"},
      {"2[-1.5e3,1]", "event / number <-1.5e3> | 1"},
      {"2[ \"a\" , 1 , [ 2 ] ] ", "event / <a> | 1 | [ 2 ]"},
      {"2[\"a\",1e400,123456789012345678901234567890]", "event / <a> | 1e400 | 123456789012345678901234567890"},
      {"3", "!invalid_payload"},
      {"31", "!invalid_payload"},
      {"31{}", "!invalid_payload"},
      {"31[]", "ack / id=1"},
      {"31[null]", "ack / id=1 | null"},
      {"31[\"disconnect\"]", "ack / id=1 | \"disconnect\""},
  };
  check(rows);
}

TEST(Packet, ReservedEventsAreRefused) {
  for (const std::string name :
       {"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"}) {
    EXPECT_EQ(told("2[\"" + name + "\"]"), "!reserved_event");
    EXPECT_EQ(told("2/a,1[\"" + name + "\",1]"), "!reserved_event");
    EXPECT_EQ(told("51-[\"" + name + "\"]"), "!reserved_event");
    EXPECT_EQ(told("2[\"" + name + "s\"]"), "event / <" + name + "s>");
  }
  EXPECT_EQ(told(R"(2["dis\u0063onnect"])"), "!reserved_event");
  EXPECT_EQ(told(R"(2["Connect"])"), "event / <Connect>");
  EXPECT_EQ(told(R"(2["error"])"), "event / <error>");
}

TEST(Packet, NameIsUnescapedAndPayloadKeepsItsBytes) {
  std::string text = R"(2["a\"\u00e9\\",{"\u0061":"\n"}])";
  Packet packet;
  ASSERT_EQ(parse_packet(text, packet), std::nullopt);
  EXPECT_EQ(packet.event, "a\"\xC3\xA9\\");
  EXPECT_EQ(packet.payload, R"(["a\"\u00e9\\",{"\u0061":"\n"}])");
  EXPECT_THAT(packet.argument, ElementsAre(R"({"\u0061":"\n"})"));
}

TEST(Packet, ArgumentsComeOneByOneAndJoined) {
  std::string text = R"(2["a", 1 ,"2", [3] ])";
  Packet packet;
  ASSERT_EQ(parse_packet(text, packet), std::nullopt);
  EXPECT_EQ(packet.arguments, R"(1 ,"2", [3])");
  EXPECT_EQ(packet.argument_count, 3U);
  EXPECT_THAT(packet.argument, ElementsAre("1", "\"2\"", "[3]"));
}

TEST(Packet, ManyArgumentsCostNoMoreViewsThanFew) {
  std::string text = "3[" + repeat("1,", 1000) + "2]";
  Packet packet;
  ASSERT_EQ(parse_packet(text, packet), std::nullopt);
  EXPECT_EQ(packet.argument_count, 1001U);
  EXPECT_EQ(packet.argument.size(), argument_views_max);
  EXPECT_EQ(packet.arguments.size(), 2001U);
}

TEST(Packet, DepthIsBoundedOverTheWholeArray) {
  const auto nested = [](std::size_t depth) { return "2[\"a\"," + repeat("[", depth) + repeat("]", depth) + "]"; };
  EXPECT_EQ(told(nested(63)).substr(0, 11), "event / <a>");
  EXPECT_EQ(told(nested(64)), "!not_json");
  EXPECT_EQ(told("0" + repeat("{\"a\":", 64) + "1" + repeat("}", 64)).substr(0, 9), "connect /");
  EXPECT_EQ(told("0" + repeat("{\"a\":", 65) + "1" + repeat("}", 65)), "!not_json");
  EXPECT_EQ(told("2" + repeat("[", 100000)), "!invalid_payload");
  EXPECT_EQ(told("3" + repeat("[", 100000)), "!not_json");
  EXPECT_EQ(told("51-[\"a\"," + repeat("[", 63) + repeat("]", 63) + "]").substr(0, 21), "binary_event +1 / <a>");
}

TEST(Packet, AStringMayBeLargeAndOtherArgumentsMayNot) {
  const std::string large(2 * json_value_bytes_max, 'a');
  EXPECT_EQ(told("2[\"a\",\"" + large + "\"]").size(), large.size() + 16);
  EXPECT_EQ(told("2[\"a\",[\"" + large + "\"]]"), "!not_json");
}

TEST(Packet, HalfASurrogatePairBecomesTheReplacementCharacter) {
  EXPECT_EQ(told(R"(2["a","x\ud83d","\ude00","\ud83d\ude00","\ud83d\ud83d\ude00"])"),
            R"(event / <a> | "x\ufffd" | "\ufffd" | "\ud83d\ude00" | "\ufffd\ud83d\ude00")");
  EXPECT_EQ(told(R"(2["\uD83D"])"), "event / <\xEF\xBF\xBD>");
  EXPECT_EQ(told(R"(0{"\udc00":1})"), R"(connect / {"\ufffd":1})");
}

TEST(Packet, LooksNoFurtherThanTheTextGoes) {
  const std::string text = R"(52-/admin,12["b\u00e9",{"_placeholder":true,"num":0},1e5])";
  for (std::size_t size = 0; size < text.size(); ++size) {
    std::vector<char> exact(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size));  // for the sanitizer
    Packet packet;
    EXPECT_TRUE(parse_packet(exact, packet).has_value()) << size;
  }
}

TEST(Packet, PlaceholdersAreChecked) {
  const Row rows[] = {
      // in depth, repeated, not used, with more in it
      {R"(51-["a",{"b":[{"_placeholder":true,"num":0}]}])",
       R"(binary_event +1 / <a> | {"b":[{"_placeholder":true,"num":0}]} #0)"},
      {R"(51-["a",{"num":0,"_placeholder":true},{"_placeholder":true,"num":0,"x":[1]}])",
       R"(binary_event +1 / <a> | {"num":0,"_placeholder":true} | {"_placeholder":true,"num":0,"x":[1]} #0 #0)"},
      {R"(52-["a"])", "binary_event +2 / <a>"},
      {R"(51-["a",{"\u005fplaceholder":true,"n\u0075m":0}])",
       R"(binary_event +1 / <a> | {"\u005fplaceholder":true,"n\u0075m":0} #0)"},
      // out of range, or no number
      {R"(51-["a",{"_placeholder":true,"num":1}])", "!bad_placeholder"},
      {R"(50-["a",{"_placeholder":true,"num":0}])", "!bad_attachment_count"},
      {R"(61-1[{"_placeholder":true,"num":1}])", "!bad_placeholder"},
      {R"(51-["a",{"_placeholder":true,"num":-1}])", "!bad_placeholder"},
      {R"(51-["a",{"_placeholder":true,"num":0.5}])", "!bad_placeholder"},
      {R"(51-["a",{"_placeholder":true,"num":"0"}])", "!bad_placeholder"},
      {R"(51-["a",{"_placeholder":true,"num":[0]}])", "!bad_placeholder"},
      {R"(51-["a",{"_placeholder":true,"num":18446744073709551616}])", "!bad_placeholder"},
      {R"(51-["a",{"_placeholder":true}])", "!bad_placeholder"},
      {R"(51-["a",{"_placeholder":true,"num":0,"num":1}])", "!bad_placeholder"},
      // no placeholders
      {R"(51-["a",{"_placeholder":false,"num":9}])", R"(binary_event +1 / <a> | {"_placeholder":false,"num":9})"},
      {R"(51-["a",{"_placeholder":1,"num":9}])", R"(binary_event +1 / <a> | {"_placeholder":1,"num":9})"},
      {R"(51-["a",{"_placeholder":"true","num":9}])", R"(binary_event +1 / <a> | {"_placeholder":"true","num":9})"},
      {R"(51-["a",{"_placeholder":true,"num":9,"_placeholder":null}])",
       R"(binary_event +1 / <a> | {"_placeholder":true,"num":9,"_placeholder":null})"},
      {R"(2["a",{"_placeholder":true,"num":9}])", R"(event / <a> | {"_placeholder":true,"num":9})"},
      // what is inside of one is not looked at, whichever comes first
      {R"(51-["a",{"b":{"_placeholder":true,"num":9},"_placeholder":true,"num":0}])",
       R"(binary_event +1 / <a> | {"b":{"_placeholder":true,"num":9},"_placeholder":true,"num":0} #0)"},
      {R"(51-["a",{"_placeholder":true,"num":{"_placeholder":true,"num":9},"num":0}])",
       R"(binary_event +1 / <a> | {"_placeholder":true,"num":{"_placeholder":true,"num":9},"num":0} #0)"},
      {R"(51-["a",{"_placeholder":{"_placeholder":true,"num":0},"num":9}])",
       R"(binary_event +1 / <a> | {"_placeholder":{"_placeholder":true,"num":0},"num":9} #0)"},
  };
  check(rows);
}

TEST(Packet, PlaceholdersViewTheirPlaceInThePayload) {
  std::string text = R"(52-["a",{"b": {"_placeholder":true,"num":1} , "c":[ {"num":0,"_placeholder":true}]}])";
  Packet packet;
  ASSERT_EQ(parse_packet(text, packet), std::nullopt);
  ASSERT_EQ(packet.placeholders.size(), 2U);
  EXPECT_EQ(packet.placeholders[0].json, R"({"_placeholder":true,"num":1})");
  EXPECT_EQ(packet.placeholders[0].number, 1U);
  EXPECT_EQ(packet.placeholders[1].json, R"({"num":0,"_placeholder":true})");
  EXPECT_EQ(packet.placeholders[1].number, 0U);
  EXPECT_GE(packet.placeholders[0].json.data(), packet.payload.data());
}

}  // namespace
}  // namespace proto::socketio
