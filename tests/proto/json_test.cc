// SPDX-License-Identifier: Apache-2.0
#include "proto/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <random>

#include "proto/json_text.h"
#include "proto/utf8.h"

namespace proto {
namespace {

std::optional<Error> check(std::string text) { return check_json(text); }

std::string repeat(std::string_view piece, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += piece;
  return out;
}

std::string nested(int depth) { return repeat("[", depth) + repeat("]", depth); }

std::string unescaped(std::string raw) {
  JsonReader reader(raw);
  const auto text = reader.read_string();
  if (!text || !reader.finish()) return "(refused)";
  return std::string(*text);
}

class GoodJson : public testing::TestWithParam<std::string> {};

TEST_P(GoodJson, IsTakenAndKeptAsItCame) {
  std::string text = GetParam();
  JsonReader reader(text);
  const std::span<char> value = reader.read_value();
  EXPECT_TRUE(reader.finish()) << GetParam();
  EXPECT_EQ(std::string(value.data(), value.size()), GetParam());
  EXPECT_EQ(check(" \r\n\t" + GetParam() + " \r\n\t"), std::nullopt);
}

TEST_P(GoodJson, IsRefusedWhenCutAnywhere) {
  const std::string text = GetParam();
  const bool number = text.find_first_of("{[\"tfn") == std::string::npos;
  if (number) return;  // a number's beginning is often a number
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_TRUE(check(text.substr(0, size)).has_value()) << text.substr(0, size);
  }
}

INSTANTIATE_TEST_SUITE_P(Table, GoodJson,
                         testing::Values("0", "-0", "7", "-12.5e+3", "1E400", "123456789012345678901234567890", "0.1",
                                         "1e-7", "true", "false", "null", "\"\"", "\"a\"", R"("\"\\\/\b\f\n\r\t")",
                                         R"("\u0000\u00E9\ud83d\uDE00")", "[]", "[ ]", "{}", "{ }", "[1]", "[1 , 2]",
                                         "[[],[[]],{}]", R"({"a":1,"a":2})", R"({"":{"":[]}})",
                                         R"({ "a" : [ true , { "b" : null } ] , "c" : "d" })", "[\"\xC3\xA9\"]",
                                         nested(64), repeat("{\"a\":", 63) + "[]" + repeat("}", 63)));

struct Bad {
  std::string text;
  std::string what;
};

class BadJson : public testing::TestWithParam<Bad> {};

TEST_P(BadJson, IsRefusedWithAReason) {
  const auto error = check(GetParam().text);
  ASSERT_TRUE(error.has_value()) << GetParam().text;
  EXPECT_EQ(error->status, 400);
  EXPECT_THAT(error->message, testing::HasSubstr(GetParam().what)) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadJson,
    testing::Values(Bad{"", "too early"}, Bad{"oops", "a value is missing"}, Bad{"01", "begins with 0"},
                    Bad{"-", "digit"}, Bad{"1.", "digit"}, Bad{".5", "value"}, Bad{"1e", "digit"}, Bad{"1e+", "digit"},
                    Bad{"+1", "value"}, Bad{"1 2", "follows"}, Bad{"0x10", "follows"}, Bad{"NaN", "value"},
                    Bad{"nul", "unknown word"}, Bad{"nulll", "follows"}, Bad{"True", "value"}, Bad{"'a'", "value"},
                    Bad{"[1,]", "value"}, Bad{"[,1]", "value"}, Bad{"[1 2]", "comma"}, Bad{"[1}", "comma"},
                    Bad{"{1:2}", "string"}, Bad{"{\"a\"}", "colon"}, Bad{"{\"a\":1,}", "string"},
                    Bad{"{\"a\":}", "value"}, Bad{"{\"a\":1]", "comma"}, Bad{"]", "value"}, Bad{"[]]", "follows"},
                    Bad{"[1]\f", "follows"}, Bad{"\"\n\"", "control"}, Bad{std::string("\"\0\"", 3), "control"},
                    Bad{"\"\\x\"", "escape"}, Bad{std::string("\"\\\0\"", 4), "escape"}, Bad{"\"\\u12g4\"", "digits"},
                    Bad{"\"\\u12\"", "digits"}, Bad{R"("\ud800")", "surrogate"}, Bad{R"("\udc00")", "surrogate"},
                    Bad{R"("\ud800\u0041")", "surrogate"}, Bad{R"("\ud800\n")", "surrogate"},
                    Bad{R"(["\ud83d"])", "surrogate"}, Bad{"\xEF\xBB\xBF{}", "value"}, Bad{nested(65), "64 levels"},
                    Bad{repeat("[", 100000), "64 levels"}, Bad{repeat("{\"a\":", 65) + "1", "64 levels"},
                    Bad{"[1]/**/", "follows"}, Bad{"\"a", "no end"}, Bad{"\"a\\", "no end"}));

TEST(Json, AboveOneMebibyteIsToBePublishedAsText) {
  const std::string edge = "[" + std::string(json_value_bytes_max - 2, ' ') + "]";
  EXPECT_EQ(check(edge), std::nullopt);
  for (const std::string& text : {"[ " + edge.substr(1), "[\"" + std::string(json_value_bytes_max, 'a') + "\"]",
                                  "[" + repeat("1,", static_cast<int>(json_value_bytes_max)) + "1]"}) {
    const auto error = check(text);
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->status, 413);
    EXPECT_THAT(error->message, testing::HasSubstr("publish it as text"));
  }
}

TEST(Json, AStringMayBeLargeBecauseItIsText) {
  const std::string text(3 * json_value_bytes_max, 'a');
  EXPECT_EQ(unescaped("\"" + text + "\""), text);
}

TEST(Json, MembersComeInOrderWithTheirKeysUnescaped) {
  std::string text = R"( { "a" : 1 , "t\u006fpic":[1, 2] ,"c":{"d":{}},"e":"\n" } )";
  JsonReader reader(text);
  ASSERT_EQ(reader.type(), JsonType::object);
  reader.enter_object();
  std::vector<std::string> seen;
  while (const auto key = reader.next_member()) {
    seen.emplace_back(*key);
    const auto value = reader.read_value();
    seen.emplace_back(value.data(), value.size());
  }
  EXPECT_TRUE(reader.finish());
  EXPECT_THAT(seen, testing::ElementsAre("a", "1", "topic", "[1, 2]", "c", "{\"d\":{}}", "e", "\"\\n\""));
}

TEST(Json, ObjectsAreEnteredInObjects) {
  std::string text = R"({"a":{},"b":{"c":1},"d":2})";
  JsonReader reader(text);
  std::string seen;
  reader.enter_object();
  while (const auto key = reader.next_member()) {
    seen += *key;
    if (reader.type() != JsonType::object) {
      reader.read_value();
      continue;
    }
    reader.enter_object();
    while (const auto inner = reader.next_member()) {
      seen += *inner;
      reader.read_value();
    }
    seen += '.';
  }
  EXPECT_TRUE(reader.finish());
  EXPECT_EQ(seen, "a.bc.d");
}

TEST(Json, ElementsComeInOrder) {
  std::string text = R"( [ 1 ,"a",[2, 3],{"b":[]} , [] ] )";
  JsonReader reader(text);
  ASSERT_EQ(reader.type(), JsonType::array);
  EXPECT_EQ(reader.position(), 1U);
  reader.enter_array();
  std::vector<std::string> seen;
  while (reader.next_element()) {
    const auto value = reader.read_value();
    seen.emplace_back(value.data(), value.size());
  }
  EXPECT_TRUE(reader.finish());
  EXPECT_THAT(seen, testing::ElementsAre("1", "\"a\"", "[2, 3]", "{\"b\":[]}", "[]"));
}

TEST(Json, ArraysAreEnteredAsFarAsTheyAreGood) {
  for (const std::string_view bad : {"[1 2]", "[1,]", "[,1]", "[1", "[", "[1}", "[1,2]]", "[1,oops]"}) {
    std::string text(bad);
    JsonReader reader(text);
    reader.enter_array();
    while (reader.next_element()) reader.read_value();
    EXPECT_FALSE(reader.finish()) << bad;
  }
  std::string empty = "[ ]";
  JsonReader reader(empty);
  reader.enter_array();
  EXPECT_FALSE(reader.next_element());
  EXPECT_TRUE(reader.finish());
}

TEST(Json, DepthMayBeBoundedFurther) {
  for (const int depth : {0, 1, 5, 63, 64}) {
    std::string fits = depth == 0 ? "1" : nested(depth);
    std::string deeper = nested(depth + 1);
    JsonReader good(fits);
    good.read_value(depth);
    EXPECT_TRUE(good.finish()) << depth;
    JsonReader bad(deeper);
    bad.read_value(depth);
    EXPECT_TRUE(bad.failed()) << depth;
  }
}

TEST(Json, HalfASurrogatePairMayBeReplacedInPlace) {
  struct {
    std::string text;
    std::string replaced;
  } const rows[] = {
      {R"("\ud83d")", R"("\ufffd")"},
      {R"("\uDE00")", R"("\ufffd")"},
      {R"("\ud83dx\ude00")", R"("\ufffdx\ufffd")"},
      {R"("\ud83d\ud83d\ude00")", R"("\ufffd\ud83d\ude00")"},
      {R"("\ud83d\n")", R"("\ufffd\n")"},
      {R"("\ud83d\u0041")", R"("\ufffd\u0041")"},
      {R"({"\udc00":["\ud800"]})", R"({"\ufffd":["\ufffd"]})"},
      {R"("\ud83d\ude00")", R"("\ud83d\ude00")"},
      {R"("\\ud83d")", R"("\\ud83d")"},
  };
  for (const auto& row : rows) {
    std::string text = row.text;
    JsonReader reader(text, HalfSurrogates::replace);
    reader.read_value();
    EXPECT_TRUE(reader.finish()) << row.text;
    EXPECT_EQ(text, row.replaced);
    EXPECT_EQ(check(text), std::nullopt);
  }
  for (const std::string_view bad : {R"("\ud83d\u12")", R"("\ud83d\ude0)", R"("\ud83d\x")", R"("\ud83d)"}) {
    std::string text(bad);
    JsonReader reader(text, HalfSurrogates::replace);
    reader.read_value();
    EXPECT_TRUE(reader.failed()) << bad;
  }
}

TEST(Json, ErrorSaysWhere) { EXPECT_EQ(check("[1, oops]")->message, "not JSON: a value is missing, at byte 4"); }

TEST(Json, StringsAreUnescaped) {
  EXPECT_EQ(unescaped(R"("plain and long enough for two words")"), "plain and long enough for two words");
  EXPECT_EQ(unescaped(R"("\"\\\/\b\f\n\r\t")"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(unescaped(R"("a\u0041\u00e9\u20AC\ud83d\ude00z")"), "aA\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z");
  EXPECT_EQ(unescaped(R"("\u0000")"), std::string(1, '\0'));
  EXPECT_EQ(unescaped(R"("\uffff\udbff\udfff")"), "\xEF\xBF\xBF\xF4\x8F\xBF\xBF");
}

TEST(Json, StringsAreEscaped) {
  std::string out = "x";
  append_json_string(out, std::string("\"\\/\b\f\n\r\t\0\x1f\x7f \xC3\xA9", 14));
  EXPECT_EQ(out, "x\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\x7f \xC3\xA9\"");
}

TEST(Json, EveryCharacterComesBackFromEveryPlace) {
  for (int c = 0; c < 128; ++c) {
    for (std::size_t at = 0; at < 20; ++at) {
      std::string text(20, 'a');
      text[at] = static_cast<char>(c);
      std::string json;
      append_json_string(json, text);
      EXPECT_EQ(unescaped(json), text);
      EXPECT_EQ(plain_json_bytes(text), c < 0x20 || c == '"' || c == '\\' ? at : 20U);
    }
  }
}

TEST(Json, PlainBytesEndAtTheFirstSpecialOneWhereverItStands) {
  for (std::size_t size = 0; size < 50; ++size) {
    const std::string text(size, '\xC3');
    EXPECT_EQ(plain_json_bytes(text), size);
    for (std::size_t at = 0; at < size; ++at) {
      std::string with_special = text;
      with_special[size - 1] = '\\';
      with_special[at] = '"';
      EXPECT_EQ(plain_json_bytes(with_special), at) << size;
    }
  }
}

// An independent parser's verdict on short documents put together at random. It refuses numbers beyond its range, which
// we keep, so numbers are small here.
TEST(Json, AgreesWithSimdjson) {
  constexpr std::string_view pieces[] = {"{", "}",      "[",  "]",    ",",        ":",       "\"",    "\"a\"",
                                         "1", "-2.5e1", "0",  "true", "false",    "nul",     "\\u00", "\\ud800",
                                         " ", "\n",     "\\", "null", "\xC3\xA9", "{\"k\":", "[1,"};
  std::mt19937 random(7);
  simdjson::dom::parser parser;
  int good = 0;
  for (int round = 0; round < 200000; ++round) {
    std::string text;
    for (auto left = random() % 8 + 1; left > 0; --left) text += pieces[random() % std::size(pieces)];
    const bool theirs = parser.parse(text).error() == simdjson::SUCCESS;
    const bool ours = is_valid_utf8(text) && !check(text);
    ASSERT_EQ(ours, theirs) << text;
    good += theirs ? 1 : 0;
  }
  EXPECT_GT(good, 1000);
}

}  // namespace
}  // namespace proto
