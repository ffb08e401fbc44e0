// SPDX-License-Identifier: Apache-2.0
#include "config/values.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace config {
namespace {

using std::chrono::milliseconds;

TEST(Values, ReadsSizesInEveryUnit) {
  const std::pair<std::string_view, std::uint64_t> cases[] = {{"0", 0},
                                                              {"0B", 0},
                                                              {"1B", 1},
                                                              {"512B", 512},
                                                              {"64KiB", 65536},
                                                              {"1MiB", 1 << 20},
                                                              {"2GiB", 2ULL << 30},
                                                              {"64KB", 64'000},
                                                              {"3MB", 3'000'000},
                                                              {"1GB", 1'000'000'000},
                                                              {"007KiB", 7168}};
  for (const auto& [text, bytes] : cases) EXPECT_EQ(parse_bytes(text), Parsed<std::uint64_t>(bytes)) << text;
}

TEST(Values, ReadsDurationsInEveryUnit) {
  const std::pair<std::string_view, milliseconds> cases[] = {
      {"0", milliseconds(0)},        {"0s", milliseconds(0)},       {"250ms", milliseconds(250)},
      {"30s", milliseconds(30'000)}, {"5m", milliseconds(300'000)}, {"1h", milliseconds(3'600'000)}};
  for (const auto& [text, duration] : cases) EXPECT_EQ(parse_duration(text), Parsed<milliseconds>(duration)) << text;
}

struct Refusal {
  std::string_view text;
  std::string_view what;
};

TEST(Values, RefusesSizesAndSaysWhatWasMeant) {
  const Refusal cases[] = {
      {"1048576", "\"1048576\" has no unit (B, KiB, MiB, GiB, KB, MB, GB); did you mean \"1MiB\"?"},
      {"1000", "\"1000\" has no unit (B, KiB, MiB, GiB, KB, MB, GB); did you mean \"1000B\"?"},
      {"64kib", "\"64kib\" has an unknown unit (B, KiB, MiB, GiB, KB, MB, GB are known); did you mean \"64KiB\"?"},
      {"64K", "\"64K\" has an unknown unit (B, KiB, MiB, GiB, KB, MB, GB are known); did you mean \"64KiB\"?"},
      {"64kb", "\"64kb\" has an unknown unit (B, KiB, MiB, GiB, KB, MB, GB are known); did you mean \"64KB\"?"},
      {"64 KiB", "\"64 KiB\" has an unknown unit (B, KiB, MiB, GiB, KB, MB, GB are known); did you mean \"64KiB\"?"},
      {"3x", "\"3x\" has an unknown unit (B, KiB, MiB, GiB, KB, MB, GB are known)"},
      {"1.5MiB", "\"1.5MiB\" has a fraction; write a whole number in a smaller unit"},
      {"", "\"\" is not a size; write a whole number with a unit (B, KiB, MiB, GiB, KB, MB, GB)"},
      {"-1KiB", "\"-1KiB\" is not a size; write a whole number with a unit (B, KiB, MiB, GiB, KB, MB, GB)"},
      {"KiB", "\"KiB\" is not a size; write a whole number with a unit (B, KiB, MiB, GiB, KB, MB, GB)"},
      {"99999999999999999999B", "\"99999999999999999999B\" is too large"},
      {"18446744073709551615GiB", "\"18446744073709551615GiB\" is too large"},
  };
  for (const Refusal& refusal : cases) {
    const auto parsed = parse_bytes(refusal.text);
    ASSERT_TRUE(std::holds_alternative<std::string>(parsed)) << refusal.text;
    EXPECT_EQ(std::get<std::string>(parsed), refusal.what);
  }
}

TEST(Values, RefusesDurationsAndSaysWhatWasMeant) {
  const Refusal cases[] = {
      {"30", "\"30\" has no unit (ms, s, m, h); did you mean \"30s\"?"},
      {"30S", "\"30S\" has an unknown unit (ms, s, m, h are known); did you mean \"30s\"?"},
      {"5min", "\"5min\" has an unknown unit (ms, s, m, h are known); did you mean \"5m\"?"},
      {"5msec", "\"5msec\" has an unknown unit (ms, s, m, h are known); did you mean \"5ms\"?"},
      {"1d", "\"1d\" has an unknown unit (ms, s, m, h are known)"},
      {"9999999999999999999h", "\"9999999999999999999h\" is too large"},
      {"soon", "\"soon\" is not a duration; write a whole number with a unit (ms, s, m, h)"},
  };
  for (const Refusal& refusal : cases) {
    const auto parsed = parse_duration(refusal.text);
    ASSERT_TRUE(std::holds_alternative<std::string>(parsed)) << refusal.text;
    EXPECT_EQ(std::get<std::string>(parsed), refusal.what);
  }
}

TEST(Values, FormatsInTheLargestWholeUnitAndReadsItBack) {
  EXPECT_EQ(format_bytes(0), "0");
  EXPECT_EQ(format_bytes(1000), "1000B");
  EXPECT_EQ(format_bytes(65536), "64KiB");
  EXPECT_EQ(format_bytes(3ULL << 30), "3GiB");
  EXPECT_EQ(format_duration(milliseconds(0)), "0");
  EXPECT_EQ(format_duration(milliseconds(1500)), "1500ms");
  EXPECT_EQ(format_duration(milliseconds(90'000)), "90s");
  EXPECT_EQ(format_duration(milliseconds(7'200'000)), "2h");
  for (const std::uint64_t bytes : {1ULL, 1023ULL, 1024ULL, 1ULL << 20, 5ULL << 31}) {
    EXPECT_EQ(parse_bytes(format_bytes(bytes)), Parsed<std::uint64_t>(bytes));
  }
}

TEST(Values, ReadsTruthAndNumbersStrictly) {
  EXPECT_EQ(parse_bool("true"), Parsed<bool>(true));
  EXPECT_EQ(parse_bool("false"), Parsed<bool>(false));
  EXPECT_EQ(std::get<std::string>(parse_bool("yes")), "must be true or false, is \"yes\"; did you mean \"true\"?");
  EXPECT_EQ(std::get<std::string>(parse_bool("Off")), "must be true or false, is \"Off\"; did you mean \"false\"?");
  EXPECT_EQ(std::get<std::string>(parse_bool("maybe")), "must be true or false, is \"maybe\"");
  EXPECT_EQ(parse_count("12"), Parsed<std::uint64_t>(12U));
  EXPECT_EQ(std::get<std::string>(parse_count("+1")), "must be a whole number, is \"+1\"");
  EXPECT_EQ(std::get<std::string>(parse_count("")), "must be a whole number, is \"\"");
  EXPECT_EQ(std::get<std::string>(parse_count("0x10")), "must be a whole number, is \"0x10\"");
  EXPECT_EQ(std::get<std::string>(parse_count("18446744073709551616")), "\"18446744073709551616\" is too large");
}

TEST(Values, TakesOriginsAsBrowsersSendThem) {
  for (const std::string_view text : {"*", "https://example.com", "http://localhost:3000", "https://[::1]:8443",
                                      "http://example.com:443", "https://a-b.example"}) {
    EXPECT_EQ(origin_problem(text), std::nullopt) << text;
  }
}

TEST(Values, RefusesWhatNoBrowserSendsAsOrigin) {
  const Refusal cases[] = {
      {"example.com", "\"example.com\" is not an origin: it has no scheme; did you mean \"https://example.com\"?"},
      {"https://example.com/",
       "\"https://example.com/\" is not an origin: nothing may follow the host; did you mean "
       "\"https://example.com\"?"},
      {"https://Example.com",
       "\"https://Example.com\" is not an origin: browsers send it in lower case; did you mean "
       "\"https://example.com\"?"},
      {"https://example.com:443",
       "\"https://example.com:443\" is not an origin: browsers leave the usual port out; did "
       "you mean \"https://example.com\"?"},
      {"wss://example.com",
       "\"wss://example.com\" is not an origin: it names the page, not the socket; did you mean "
       "\"https://example.com\"?"},
      {"ftp://example.com", "\"ftp://example.com\" is not an origin: its scheme is not http or https"},
      {"https://", "\"https://\" is not an origin: it has no host"},
      {"https://*.example.com",
       "\"https://*.example.com\" is not an origin: its host has a character that no host has"},
      {"", "\"\" is not an origin: it has no scheme"},
  };
  for (const Refusal& refusal : cases) EXPECT_EQ(origin_problem(refusal.text), refusal.what);
}

}  // namespace
}  // namespace config
