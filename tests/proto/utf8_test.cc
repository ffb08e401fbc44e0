// SPDX-License-Identifier: Apache-2.0
#include "proto/utf8.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace proto {
namespace {

// RFC 3629 §3, from the code points: what the validators are held against.
std::string encode(std::uint32_t point) {
  const auto byte = [](std::uint32_t value) { return static_cast<char>(value); };
  if (point < 0x80) return {byte(point)};
  if (point < 0x800) return {byte(0xC0 | point >> 6), byte(0x80 | (point & 0x3F))};
  if (point < 0x10000) {
    return {byte(0xE0 | point >> 12), byte(0x80 | (point >> 6 & 0x3F)), byte(0x80 | (point & 0x3F))};
  }
  return {byte(0xF0 | point >> 18), byte(0x80 | (point >> 12 & 0x3F)), byte(0x80 | (point >> 6 & 0x3F)),
          byte(0x80 | (point & 0x3F))};
}

std::size_t take_bytewise(Utf8Validator& validator, std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (validator.take(text.substr(i, 1)) == 0) return i;
  }
  return text.size();
}

struct Vector {
  std::string name;
  std::string text;
  std::size_t good_bytes;  // before the first bad one
  bool complete;           // whether it may end behind them
};

const std::vector<Vector> vectors = {
    {"Empty", "", 0, true},
    {"Ascii", "plain text of more than eight bytes", 35, true},
    {"AllLengths", "a\u00e9\u20ac\U0001F600", 10, true},
    {"FirstOfEachLength", "\u0080\u0800\U00010000", 9, true},
    {"LastOfEachLength", "\u007F\u07FF\uFFFF\U0010FFFF", 10, true},
    {"AroundTheSurrogates", "\uD7FF\uE000", 6, true},
    {"LoneContinuation", "ab\x80", 2, false},
    {"OverlongSlashOfTwo", "\xC0\xAF", 0, false},
    {"OverlongOfTwoC1", "\xC1\xBF", 0, false},
    {"OverlongOfThree", "\xE0\x9F\xBF", 1, false},
    {"OverlongOfFour", "\xF0\x8F\xBF\xBF", 1, false},
    {"FirstSurrogate", "\xED\xA0\x80", 1, false},
    {"LastSurrogate", "\xED\xBF\xBF", 1, false},
    {"BeyondTheLast", "\xF4\x90\x80\x80", 1, false},
    {"FarBeyondTheLast", "\xF5\x80\x80\x80", 0, false},
    {"NeverAByte", "ab\xFE", 2, false},
    {"BrokenAfterOneOfTwo", "\xC3(", 1, false},
    {"BrokenAfterTwoOfThree", "\xE2\x82(", 2, false},
    {"BrokenAfterThreeOfFour", "\xF0\x9F\x98(", 3, false},
    {"BeginsAnotherInside", "\xE2\xE2\x82\xAC", 1, false},
    {"EndsAfterOneOfTwo", "a\xC3", 2, false},
    {"EndsAfterTwoOfThree", "a\xE2\x82", 3, false},
    {"EndsAfterThreeOfFour", "a\xF0\x9F\x98", 4, false},
};

class Utf8Vectors : public testing::TestWithParam<Vector> {};

// In front of and behind long text too: there simdjson looks, not the state machine.
TEST_P(Utf8Vectors, FindTheBadByteHoweverTheTextIsCut) {
  for (const std::size_t before : {0u, 7u, 64u, 131u}) {
    std::string text = std::string(before, 'x') + GetParam().text;
    const bool has_bad = GetParam().good_bytes < GetParam().text.size();
    if (has_bad) text += std::string(70, 'y');
    const std::size_t good_bytes = before + GetParam().good_bytes;
    EXPECT_EQ(is_valid_utf8(text), GetParam().complete);
    Utf8Validator whole;
    EXPECT_EQ(whole.take(text), good_bytes);
    EXPECT_EQ(whole.complete(), GetParam().complete);
    Utf8Validator bytewise;
    EXPECT_EQ(take_bytewise(bytewise, text), good_bytes);
    EXPECT_EQ(bytewise.complete(), GetParam().complete);
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      Utf8Validator halves;
      std::size_t good = halves.take(text.substr(0, cut));
      if (good == cut) good += halves.take(text.substr(cut));
      ASSERT_EQ(good, good_bytes) << "cut at " << cut;
      ASSERT_EQ(halves.complete(), GetParam().complete) << "cut at " << cut;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Utf8Vectors, testing::ValuesIn(vectors),
                         [](const auto& instance) { return instance.param.name; });

TEST(Utf8, EveryCodePointIsValidExceptTheSurrogates) {
  for (std::uint32_t point = 0; point <= 0x10FFFF; ++point) {
    const std::string text = encode(point);
    const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
    Utf8Validator validator;
    ASSERT_EQ(validator.take(text) == text.size() && validator.complete(), !surrogate) << point;
    ASSERT_EQ(is_valid_utf8(text), !surrogate) << point;
  }
}

// All sequences of three bytes, behind what begins a fourth: the state machine and simdjson never disagree.
TEST(Utf8, AgreesWithSimdjsonOnEveryShortSequence) {
  for (std::uint32_t value = 0; value <= 0xFFFF; ++value) {
    for (const char last : {'\x80', '\xBF', 'a'}) {
      const std::string text = {static_cast<char>(value >> 8), static_cast<char>(value & 0xFF), last, '\x80'};
      for (std::size_t size = 1; size <= text.size(); ++size) {
        Utf8Validator validator;
        const bool valid = validator.take(text.substr(0, size)) == size && validator.complete();
        ASSERT_EQ(valid, is_valid_utf8(text.substr(0, size))) << value;
      }
    }
  }
}

TEST(Utf8Validator, AcceptsNothingAfterABadByteUntilReset) {
  Utf8Validator validator;
  EXPECT_EQ(validator.take("a\xFF"), 1u);
  EXPECT_EQ(validator.take("good"), 0u);
  EXPECT_FALSE(validator.complete());
  validator.reset();
  EXPECT_EQ(validator.take("good"), 4u);
  EXPECT_TRUE(validator.complete());
}

}  // namespace
}  // namespace proto
