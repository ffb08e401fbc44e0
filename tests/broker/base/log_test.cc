// SPDX-License-Identifier: Apache-2.0
#include "broker/base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace broker::base {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

std::vector<std::string> pieces(const LogRecord& record) {
  std::vector<std::string> all;
  std::size_t offset = 0;
  while (const auto piece = record.next(offset)) all.push_back((piece->bare ? "#" : "") + std::string(piece->text));
  return all;
}

LogRecord record(std::string_view message, std::initializer_list<LogField> fields) {
  return LogRecord(LogLevel::info, {}, message, fields);
}

TEST(LogRecord, KeepsMessageKeysAndValues) {
  const std::string owned = "a string";
  EXPECT_THAT(pieces(record("m", {{"a", "text"}, {"b", owned}, {"c", std::string_view("view")}, {"d", ""}})),
              ElementsAre("m", "a", "text", "b", "a string", "c", "view", "d", ""));
  EXPECT_THAT(pieces(record("m", {{"a", 1}, {"b", -2L}, {"c", 3u}, {"d", 1.5}, {"e", true}, {"f", false}})),
              ElementsAre("m", "a", "#1", "b", "#-2", "c", "#3", "d", "#1.5", "e", "#true", "f", "#false"));
  EXPECT_THAT(pieces(record("m", {{"a", std::numeric_limits<std::uint64_t>::max()},
                                  {"b", std::numeric_limits<std::int64_t>::min()}})),
              ElementsAre("m", "a", "#18446744073709551615", "b", "#-9223372036854775808"));
}

TEST(LogRecord, DoesNotTakeAnInfinityForANumber) {
  EXPECT_THAT(pieces(record("m", {{"a", std::numeric_limits<double>::infinity()}})), ElementsAre("m", "a", "inf"));
}

TEST(LogRecord, CutsWhatDoesNotFitAndSaysSo) {
  const std::string large(5000, 'x');
  const LogRecord one = record("m", {{"a", large}, {"b", "lost"}});
  EXPECT_TRUE(one.cut);
  ASSERT_EQ(pieces(one).size(), 3u);
  EXPECT_THAT(pieces(one)[2], testing::MatchesRegex("x+"));
  const LogRecord two = record(large, {{"a", 1}});
  EXPECT_TRUE(two.cut);
  EXPECT_EQ(pieces(two).size(), 1u);
  EXPECT_FALSE(record("m", {{"a", std::string(900, 'x')}}).cut);
}

TEST(LogRecord, FitsOrCutsAtEverySizeWithoutHalfAFieldOrHalfACharacter) {
  for (std::size_t size = 900; size < 1010; ++size) {
    const std::string filler(size, 'x');
    const LogRecord made = record("m", {{"filler", filler}, {"number", 1234567890}, {"text", "äöüäöüäöüäöü"}});
    const std::vector<std::string> got = pieces(made);
    EXPECT_EQ(got.size() % 2, 1u) << size;
    for (std::size_t i = 1; i + 1 < got.size(); i += 2) {
      if (got[i] == "number") {
        EXPECT_EQ(got[i + 1], "#1234567890");
      }
      if (got[i] == "text") {
        EXPECT_EQ(got[i + 1].size() % 2, 0u) << size;
      }
    }
    EXPECT_EQ(made.cut, got.size() != 7 || got[6] != "äöüäöüäöüäöü") << size;
  }
}

class CountingWake final : public LogWake {
 public:
  void wake() noexcept override { ++count; }
  int count = 0;
};

TEST(LogSink, LeavesOutWhatIsBelowItsLevel) {
  CountingWake wake;
  LogSink sink("test", LogLevel::warning, wake);
  sink.debug("no");
  sink.info("no");
  EXPECT_EQ(sink.waiting(), 0u);
  sink.warning("yes");
  sink.error("yes");
  EXPECT_EQ(sink.waiting(), 2u);
  EXPECT_FALSE(sink.enabled(LogLevel::info));
}

TEST(LogSink, FollowsItsLevelAsItChanges) {
  CountingWake wake;
  LogSink sink("test", LogLevel::error, wake);
  sink.info("no");
  sink.set_level(LogLevel::debug);
  sink.debug("yes");
  EXPECT_EQ(sink.waiting(), 1u);
  sink.set_level(LogLevel::warning);
  sink.info("no");
  EXPECT_EQ(sink.waiting(), 1u);
}

TEST(LogSink, DropsAndCountsWhenItIsFull) {
  CountingWake wake;
  LogSink sink("test", LogLevel::info, wake);
  for (std::size_t i = 0; i < LogSink::records_max + 5; ++i) sink.info("m", {{"i", i}});
  EXPECT_EQ(sink.waiting(), LogSink::records_max);
  EXPECT_EQ(sink.dropped(), 5u);
}

TEST(LogSink, WakesASleepingWriterOnce) {
  CountingWake wake;
  LogSink sink("test", LogLevel::info, wake);
  sink.info("m");
  EXPECT_EQ(wake.count, 0);
  wake.flag.prepare_sleep();
  sink.info("m");
  sink.info("m");
  EXPECT_EQ(wake.count, 1);
}

TEST(LogRateLimit, AdmitsABurstAnIntervalAndTellsWhatItSkipped) {
  LogRateLimit limit(2, 1s);
  const LogRateLimit::Clock::time_point now{100s};
  EXPECT_EQ(limit.admit(now), 0u);
  EXPECT_EQ(limit.admit(now), 0u);
  EXPECT_EQ(limit.admit(now + 1ms), std::nullopt);
  EXPECT_EQ(limit.admit(now + 999ms), std::nullopt);
  EXPECT_EQ(limit.admit(now + 1s), 2u);
  EXPECT_EQ(limit.admit(now + 1s), 0u);
  EXPECT_EQ(limit.admit(now + 1s), std::nullopt);
  EXPECT_EQ(limit.admit(now + 1h), 1u);
}

}  // namespace
}  // namespace broker::base
