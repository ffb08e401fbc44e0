// SPDX-License-Identifier: Apache-2.0
#include "proto/notation.h"

#include <gtest/gtest.h>

#include <limits>

#include "proto/attachments.h"

namespace proto {
namespace {

constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();

std::string data_of(Kind kind, std::string_view content) {
  std::string out;
  append_message_data(out, {.topic = "t", .event = "t", .kind = kind, .content = content});
  return out;
}

TEST(Notation, EpochIsAlwaysSixteenDigits) {
  std::string out;
  append_epoch(out, 0x5f3a);
  EXPECT_EQ(out, "0000000000005f3a");
  append_epoch(out, largest);
  EXPECT_EQ(out, "0000000000005f3affffffffffffffff");
}

TEST(Notation, EpochIsReadFromOneToSixteenDigits) {
  EXPECT_EQ(parse_epoch("5f3a"), 0x5f3aU);
  EXPECT_EQ(parse_epoch("00000000DEADbeef"), 0xdeadbeefU);
  EXPECT_EQ(parse_epoch("ffffffffffffffff"), largest);
  for (const char* bad : {"", "g", "0x1", "-1", " 1", "1 ", "00000000000000001"}) {
    EXPECT_EQ(parse_epoch(bad), std::nullopt) << bad;
  }
}

TEST(Notation, NumberIsDigitsAndNothingElse) {
  EXPECT_EQ(parse_number("0"), 0U);
  EXPECT_EQ(parse_number("18446744073709551615"), largest);
  for (const char* bad : {"", "-1", "+1", "1.0", "1e2", " 1", "1 ", "18446744073709551616", "a"}) {
    EXPECT_EQ(parse_number(bad), std::nullopt) << bad;
  }
}

TEST(Notation, ContentIsWrittenByItsKind) {
  EXPECT_EQ(data_of(Kind::text, "say \"hi\"\n"), R"("data":"say \"hi\"\n")");
  EXPECT_EQ(data_of(Kind::json, R"({"a": 1e400})"), R"("data":{"a": 1e400})");
  std::string content;
  append_attachments_content(content, {.json = "[1,{}]", .places = {{.begin = 3, .end = 5}}, .attachments = {"a"}});
  EXPECT_EQ(data_of(Kind::json_attachments, content), R"("data":[1,{"base64":"YQ=="}])");
  EXPECT_EQ(data_of(Kind::binary, std::string_view("\0\1\2", 3)), R"("data_base64":"AAEC")");
  EXPECT_EQ(data_of(Kind::binary, std::string_view("\0\1", 2)), R"("data_base64":"AAE=")");
  EXPECT_EQ(data_of(Kind::binary, ""), R"("data_base64":"")");
}

TEST(Notation, EventIsWrittenOnlyWhenTheTopicDoesNotGiveIt) {
  std::string out;
  append_message_event(out, {.topic = "room/chat", .event = "chat", .content = {}});
  EXPECT_EQ(out, "");
  append_message_event(out, {.topic = "room/chat", .event = "jo\"in", .content = {}});
  EXPECT_EQ(out, R"("event":"jo\"in",)");
}

TEST(Notation, GapHasNumbersUnlessTheEpochIsAnother) {
  const auto written = [](const Gap& gap) {
    std::string out;
    append_gap(out, "a\"b", gap);
    return out;
  };
  EXPECT_EQ(written({Gap::Why::expired, 42, 71}), R"("topic":"a\"b","gap":{"from":42,"to":71,"reason":"expired"})");
  EXPECT_EQ(written({Gap::Why::overflow, 1, 1}), R"("topic":"a\"b","gap":{"from":1,"to":1,"reason":"overflow"})");
  EXPECT_EQ(written({Gap::Why::epoch, 0, 0}), R"("topic":"a\"b","gap":{"reason":"epoch"})");
}

TEST(Notation, Base64HasOneSpelling) {
  std::string bytes;
  ASSERT_TRUE(decode_base64("AAE=", bytes));
  EXPECT_EQ(bytes, std::string("\0\1", 2));
  ASSERT_TRUE(decode_base64("", bytes));
  EXPECT_EQ(bytes, "");
  ASSERT_TRUE(decode_base64("+/+/", bytes));
  EXPECT_EQ(bytes, "\xFB\xFF\xBF");
  for (const char* bad : {"A", "AA", "AAE", "AA==AA==", "A===", "====", "AAE.", "AA E", "AA\nE", "-_-_", "AAE=="}) {
    EXPECT_FALSE(decode_base64(bad, bytes)) << bad;
  }
}

TEST(Notation, BriefCutsAtACharacter) {
  EXPECT_EQ(brief("short"), "short");
  EXPECT_EQ(brief(std::string(39, 'a') + "\xC3\xA9z"), std::string(39, 'a'));
  EXPECT_EQ(brief(std::string(100, 'a')), std::string(40, 'a'));
}

TEST(Notation, EventsAndTopicsAreChecked) {
  EXPECT_FALSE(check_event("chat message"));
  EXPECT_FALSE(check_event(std::string(255, 'e')));
  EXPECT_TRUE(check_event(""));
  EXPECT_TRUE(check_event(std::string(256, 'e')));
  EXPECT_TRUE(check_event("a\nb"));
  EXPECT_TRUE(check_event("\xFF"));
  EXPECT_FALSE(check_topic("chat message"));
  for (const std::string_view bad : {std::string_view(""), std::string_view("a\0b", 3), std::string_view("$x"),
                                     std::string_view("a/$x/b"), std::string_view("\xFF")}) {
    ASSERT_TRUE(check_topic(bad));
    EXPECT_EQ(check_topic(bad)->status, 400);
  }
}

struct StartCase {
  StartParameters given;
  Start::From from;
  std::optional<std::uint64_t> epoch;
  std::uint64_t value;
};

TEST(Notation, StartIsReadFromParameters) {
  const StartCase cases[] = {
      {{}, Start::From::now, {}, 0},
      {{.epoch = {}, .after = "41", .last = {}}, Start::From::after, {}, 41},
      {{.epoch = "5f3a", .after = "0", .last = {}}, Start::From::after, 0x5f3a, 0},
      {{.epoch = {}, .after = {}, .last = "10"}, Start::From::last, {}, 10},
  };
  for (const StartCase& c : cases) {
    const Answer<Start> answer = read_start(c.given);
    ASSERT_TRUE(std::holds_alternative<Start>(answer));
    EXPECT_EQ(std::get<Start>(answer).from, c.from);
    EXPECT_EQ(std::get<Start>(answer).epoch, c.epoch);
    EXPECT_EQ(std::get<Start>(answer).value, c.value);
  }
  const StartParameters bad[] = {
      {.epoch = {}, .after = "1", .last = "1"},  {.epoch = "1", .after = {}, .last = {}},
      {.epoch = "1", .after = {}, .last = "1"},  {.epoch = "x", .after = "1", .last = {}},
      {.epoch = {}, .after = "-1", .last = {}},  {.epoch = {}, .after = "", .last = {}},
      {.epoch = {}, .after = {}, .last = "1.5"},
  };
  for (const StartParameters& parameters : bad) {
    const Answer<Start> answer = read_start(parameters);
    ASSERT_TRUE(std::holds_alternative<Error>(answer));
    EXPECT_EQ(std::get<Error>(answer).status, 400);
  }
}

}  // namespace
}  // namespace proto
