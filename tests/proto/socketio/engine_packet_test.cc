// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/engine_packet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace proto::socketio {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::string_literals;

// "message(hello)", "binary(…)" or "!label".
std::string told(std::string text) {
  EnginePacket packet;
  if (const auto error = parse_engine_packet(text, packet)) return "!" + std::string(label(*error));
  constexpr std::string_view names[] = {"open", "close", "ping", "pong", "message", "upgrade", "noop"};
  const std::string_view name = packet.binary ? "binary" : names[static_cast<std::size_t>(packet.type)];
  return std::string(name) + "(" + std::string(packet.text()) + ")";
}

// What a payload tells, packet by packet; a mistake is the last.
std::vector<std::string> told_payload(std::string body, std::size_t max_payload = 1000) {
  PayloadReader reader(body, max_payload);
  std::vector<std::string> out;
  EnginePacket packet;
  while (reader.next(packet)) {
    EXPECT_TRUE(!packet.binary || packet.type == EngineType::message);
    out.push_back((packet.binary ? "binary(" : std::to_string(static_cast<int>(packet.type)) + "(") +
                  std::string(packet.text()) + ")");
  }
  EXPECT_FALSE(reader.next(packet));
  if (reader.error()) out.push_back("!" + std::string(label(*reader.error())));
  return out;
}

TEST(EnginePacket, ReadsEveryType) {
  struct {
    std::string text;
    std::string told;
  } const rows[] = {
      {"0", "open()"},
      {"0{\"sid\":\"a\"}", "open({\"sid\":\"a\"})"},
      {"1", "close()"},
      {"2", "ping()"},
      {"2probe", "ping(probe)"},
      {"3", "pong()"},
      {"3probe", "pong(probe)"},
      {"4", "message()"},
      {"4hello", "message(hello)"},
      {"4\xE2\x82\xAC", "message(\xE2\x82\xAC)"},
      {"4a\x1e"
       "4b",
       "message(a\x1e"
       "4b)"},  // a WebSocket message is one packet
      {"4bAQIDBA==", "message(bAQIDBA==)"},
      {"5", "upgrade()"},
      {"6", "noop()"},
      {"bAQIDBA==", "binary(\1\2\3\4)"},
      {"bAQIDBA", "binary(\1\2\3\4)"},
      {"bAQID\nBA==\n", "binary(\1\2\3\4)"},
      {"b", "binary()"},
      {"b////", "binary(\xff\xff\xff)"},
      {"", "!engine_unknown_type"},
      {"7", "!engine_unknown_type"},
      {"9", "!engine_unknown_type"},
      {"/", "!engine_unknown_type"},
      {"abc", "!engine_unknown_type"},
      {" 4", "!engine_unknown_type"},
      {"\0"s, "!engine_unknown_type"},
      {"\xC3\xA9", "!engine_unknown_type"},
      {"bA", "!engine_bad_base64"},
      {"bAQ=A", "!engine_bad_base64"},
      {"b*QID", "!engine_bad_base64"},
      {"bAQID=", "!engine_bad_base64"},
  };
  for (const auto& row : rows) EXPECT_EQ(told(row.text), row.told) << row.text;
}

TEST(EnginePacket, ReadsNoByteBeyondItsOwn) {
  const std::string text = "bAQIDBA==";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    std::vector<char> exact(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size));  // for the sanitizer
    EnginePacket packet;
    (void)parse_engine_packet(exact, packet);
  }
}

TEST(EnginePacket, PayloadsAreSplitAtSeparators) {
  struct {
    std::string body;
    std::vector<std::string> told;
  } const rows[] = {
      {"4hello\x1e"
       "2\x1e"
       "4world",
       {"4(hello)", "2()", "4(world)"}},
      {"4hello\x1e"
       "bAQIDBA==",
       {"4(hello)", "binary(\1\2\3\4)"}},
      {"4test1\x1e"
       "4test2\x1e"
       "4test3",
       {"4(test1)", "4(test2)", "4(test3)"}},
      {"bAQ==\x1e"
       "bAg==\x1e"
       "4\xC3\xA9",
       {"binary(\1)", "binary(\2)", "4(\xC3\xA9)"}},
      {"1", {"1()"}},
      {"3", {"3()"}},
      {"abc", {"!engine_unknown_type"}},
      {"", {"!engine_unknown_type"}},
      {"\x1e", {"!engine_unknown_type"}},
      {"4a\x1e", {"4(a)", "!engine_unknown_type"}},
      {"4a\x1e\x1e"
       "4b",
       {"4(a)", "!engine_unknown_type"}},
      {"4a\x1e"
       "x\x1e"
       "4b",
       {"4(a)", "!engine_unknown_type"}},
      {"4a\x1e"
       "bA\x1e"
       "4b",
       {"4(a)", "!engine_bad_base64"}},
      {"4a\x1e"
       "4\xff",
       {"!engine_invalid_utf8"}},
      {"4\xC3\x1e"
       "4\xA9",
       {"!engine_invalid_utf8"}},
  };
  for (const auto& row : rows) EXPECT_EQ(told_payload(row.body), row.told) << row.body;
}

TEST(EnginePacket, PayloadMayHaveAsManyBytesAsWereAnnounced) {
  EXPECT_THAT(told_payload("4hello", 6), ElementsAre("4(hello)"));
  EXPECT_THAT(told_payload("4hello", 5), ElementsAre("!engine_payload_too_large"));
}

TEST(EnginePacket, PacketsAreWritten) {
  std::string out;
  append_engine_packet(out, EngineType::message, "hello");
  append_engine_packet(out, EngineType::pong, "probe");
  append_engine_packet(out, EngineType::noop, "");
  EXPECT_EQ(out, "4hello3probe6");
  out.clear();
  append_base64_packet(out, "\1\2\3\4");
  EXPECT_EQ(out, "bAQIDBA==");
  out.clear();
  append_base64_packet(out, "");
  EXPECT_EQ(out, "b");
}

TEST(EnginePacket, PayloadsAreJoined) {
  std::string unit;  // a message and what belongs to it, encoded once
  append_to_payload(unit, "451-[\"a\",{\"_placeholder\":true,\"num\":0}]");
  append_to_payload(unit, "bAQID");
  std::string payload;
  append_to_payload(payload, "4hello");
  append_to_payload(payload, unit);
  append_to_payload(payload, "2");
  EXPECT_THAT(told_payload(payload),
              ElementsAre("4(hello)", "4(51-[\"a\",{\"_placeholder\":true,\"num\":0}])", "binary(\1\2\3)", "2()"));
}

TEST(EnginePacket, TextWithASeparatorDoesNotFitIntoAPayload) {
  EXPECT_TRUE(fits_payload("4hello"));
  EXPECT_FALSE(
      fits_payload("4hello\x1e"
                   "1"));
}

TEST(EnginePacket, WhatIsWrittenIsReadAgain) {
  std::mt19937 random(3);
  for (int round = 0; round < 2000; ++round) {
    std::string payload;
    std::vector<std::string> expected;
    for (auto left = 1 + random() % 5; left > 0; --left) {
      std::string data(random() % 20, '\0');
      const bool binary = random() % 2 == 0;
      for (char& c : data) c = static_cast<char>(binary ? random() % 256 : 0x20 + random() % 0x5f);
      const auto type = static_cast<EngineType>(random() % 7);
      std::string packet;
      if (binary) {
        append_base64_packet(packet, data);
      } else {
        append_engine_packet(packet, type, data);
      }
      ASSERT_TRUE(fits_payload(packet));
      append_to_payload(payload, packet);
      expected.push_back((binary ? "binary(" : std::to_string(static_cast<int>(type)) + "(") + data + ")");
    }
    ASSERT_EQ(told_payload(payload), expected);
  }
}

TEST(EnginePacket, OpenPacketHasItsKeysInTheOfficialOrder) {
  std::string out;
  append_open(out, {.sid = "lv_VI97HAXpY6yYWAAAC", .upgrade_websocket = true});
  EXPECT_EQ(out, R"(0{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,)"
                 R"("maxPayload":1000000})");
  out.clear();
  append_open(out, {.sid = "x", .ping_interval_ms = 300, .ping_timeout_ms = 200, .max_payload = 5});
  EXPECT_EQ(out, R"(0{"sid":"x","upgrades":[],"pingInterval":300,"pingTimeout":200,"maxPayload":5})");
}

}  // namespace
}  // namespace proto::socketio
