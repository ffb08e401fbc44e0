// SPDX-License-Identifier: Apache-2.0
#include "bench/load/payload.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace bench::load {
namespace {

// Two topics of which 4 messages are remembered; every test checks deliveries of the first one.
class LedgerTest : public ::testing::Test {
 protected:
  void publish(int messages) {
    for (int at = 0; at < messages; ++at) payloads_.emplace_back(ledger_.make(0, 1000 + at, 64));
  }
  void deliver(std::size_t sequence) { ledger_.check(place_, payloads_.at(sequence - 1), 5000); }

  Ledger ledger_{2, 4};
  Place place_;
  std::vector<std::string> payloads_;
};

TEST_F(LedgerTest, MakesThePayloadThatTheReadmeDescribes) {
  EXPECT_EQ(ledger_.make(1, 0x123456789a, 64), "000000123456789a000000010000000000000001" + std::string(24, 'x'));
  EXPECT_EQ(ledger_.make(1, 1, 48), "0000000000000001000000010000000000000002xxxxxxxx");
}

TEST_F(LedgerTest, TakesEachMessageOnceInOrder) {
  publish(20);
  for (std::size_t sequence = 1; sequence <= 20; ++sequence) deliver(sequence);
  ledger_.count_missing(place_);
  EXPECT_TRUE(ledger_.valid());
  EXPECT_EQ(ledger_.counts().received, 20u);
}

TEST_F(LedgerTest, FindsWhatIsPassedOverAlsoWhenItIsNoLongerRemembered) {
  publish(20);
  deliver(1);
  deliver(4);
  deliver(20);
  EXPECT_EQ(ledger_.counts().lost, 2u + 15u);
  EXPECT_EQ(ledger_.counts().received, 3u);
}

TEST_F(LedgerTest, FindsWhatNeverCame) {
  publish(5);
  deliver(1);
  deliver(2);
  EXPECT_TRUE(ledger_.valid());
  ledger_.count_missing(place_);
  EXPECT_EQ(ledger_.counts().lost, 3u);
  EXPECT_FALSE(ledger_.valid());
}

TEST_F(LedgerTest, FindsARepetition) {
  publish(2);
  deliver(1);
  deliver(1);
  deliver(2);
  EXPECT_EQ(ledger_.counts().reordered, 1u);
  EXPECT_EQ(ledger_.counts().received, 2u);
}

TEST_F(LedgerTest, FindsAnotherOrder) {
  publish(3);
  deliver(1);
  deliver(3);
  deliver(2);
  EXPECT_EQ(ledger_.counts().reordered, 1u);
  EXPECT_FALSE(ledger_.valid());
}

TEST_F(LedgerTest, FindsAnotherTopicsMessage) {
  publish(1);
  const std::string other(ledger_.make(1, 1000, 64));
  ledger_.check(place_, other, 5000);
  EXPECT_EQ(ledger_.counts().corrupt, 1u);
}

TEST_F(LedgerTest, FindsEveryChangedDigitOfTheHead) {
  publish(1);
  for (std::size_t at = 0; at < payload_head_bytes; ++at) {
    std::string changed = payloads_.front();
    changed[at] = changed[at] == '7' ? '6' : '7';
    ledger_.check(place_, changed, 5000);
  }
  EXPECT_EQ(ledger_.counts().corrupt, payload_head_bytes);
  EXPECT_EQ(ledger_.counts().received, 0u);
}

TEST_F(LedgerTest, FindsACutPayload) {
  publish(1);
  for (std::size_t bytes = 0; bytes < payload_bytes_min; ++bytes) {
    ledger_.check(place_, std::string_view(payloads_.front()).substr(0, bytes), 5000);
  }
  EXPECT_EQ(ledger_.counts().corrupt, payload_bytes_min);
}

TEST_F(LedgerTest, FindsASequenceThatWasNeverPublished) {
  publish(1);
  ledger_.check(place_, "00000000000003e8000000000000000000000002xxxxxxxx", 5000);
  EXPECT_EQ(ledger_.counts().corrupt, 1u);
}

TEST_F(LedgerTest, RecordsTheAgeOfWhatWasDueInTheWindow) {
  ledger_.record_between(1002, 1004);
  publish(6);
  for (std::size_t sequence = 1; sequence <= 6; ++sequence) deliver(sequence);
  EXPECT_EQ(ledger_.latencies().count(), 2u);
  EXPECT_EQ(ledger_.latencies().max(), 5000u - 1002u);
}

}  // namespace
}  // namespace bench::load
