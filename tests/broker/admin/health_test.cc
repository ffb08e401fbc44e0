// SPDX-License-Identifier: Apache-2.0
#include "broker/admin/health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

namespace broker::admin {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class HealthTest : public testing::Test {
 protected:
  void turn(std::size_t shard) { metrics_[shard].shard_turns.add(); }
  std::vector<std::size_t> look(std::chrono::seconds at) {
    return health_.stuck(Health::Clock::time_point(1000s + at));
  }

  base::ShardMetrics metrics_[2];
  const base::ShardMetrics* const shards_[2] = {&metrics_[0], &metrics_[1]};
  std::vector<std::size_t> asked_;
  std::function<void(std::size_t)> answer_ = [](std::size_t) {};
  Health health_{shards_, [this](std::size_t shard) {
                   asked_.push_back(shard);
                   answer_(shard);
                 }};
};

TEST_F(HealthTest, DoesNotWakeAShardThatTurns) {
  for (auto at = 0s; at < 60s; at += 5s) {
    turn(0);
    turn(1);
    EXPECT_THAT(look(at), IsEmpty());
  }
  EXPECT_THAT(asked_, IsEmpty());
}

TEST_F(HealthTest, WakesAShardThatSleepsOnceALookAndBelievesItsAnswer) {
  answer_ = [this](std::size_t shard) { turn(shard); };
  for (auto at = 0s; at < 100s; at += 20s) EXPECT_THAT(look(at), IsEmpty());
  // A look that finds the answer does not ask again: looks one, three and five have asked both.
  EXPECT_THAT(asked_, ElementsAre(0, 1, 0, 1, 0, 1));
}

TEST_F(HealthTest, NamesAShardThatLeftAWakeUpUnansweredFor10Seconds) {
  turn(1);
  EXPECT_THAT(look(0s), IsEmpty());
  turn(1);
  EXPECT_THAT(look(9s), IsEmpty());
  turn(1);
  EXPECT_THAT(look(10s), ElementsAre(0));
  EXPECT_THAT(asked_, ElementsAre(0)) << "one wake-up is enough";
  turn(0);
  turn(1);
  EXPECT_THAT(look(11s), IsEmpty()) << "it has come back";
}

TEST_F(HealthTest, GivesAShardItsTimeAgainAfterItHasAnswered) {
  EXPECT_THAT(look(0s), IsEmpty());
  turn(0);
  turn(1);
  EXPECT_THAT(look(3600s), IsEmpty());
  EXPECT_THAT(look(3601s), IsEmpty());
  EXPECT_THAT(look(3610s), IsEmpty());
  EXPECT_THAT(look(3611s), ElementsAre(0, 1));
}

}  // namespace
}  // namespace broker::admin
