// SPDX-License-Identifier: Apache-2.0
#include "broker/topics/memberships.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "broker/topics/subscriber_table.h"

namespace broker::topics {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::vector<Subscription*> members_of(const Memberships& memberships, std::string_view name) {
  std::vector<Subscription*> all;
  memberships.for_each(name, [&](Subscription& each) { all.push_back(&each); });
  return all;
}

TEST(Memberships, ListAndCountTheNamesThatAreToBeListed) {
  Subscription one;
  Subscription two;
  Memberships memberships("$room/");
  for (const char* name : {"$sid/1", "$room/b", "$room/c", "$room/a"}) memberships.join(one, name);
  memberships.join(two, "$room/b");
  using Listed = std::vector<std::pair<std::string, std::size_t>>;
  bool more = false;
  const auto list = [&](std::string_view after, std::size_t most) {
    Listed listed;
    more = memberships.list_behind(after, most,
                                   [&](std::string_view name, std::size_t count) { listed.emplace_back(name, count); });
    return listed;
  };
  EXPECT_EQ(list("$room/", 9), (Listed{{"$room/a", 1}, {"$room/b", 2}, {"$room/c", 1}}));
  EXPECT_FALSE(more);
  EXPECT_EQ(list("$room/", 2), (Listed{{"$room/a", 1}, {"$room/b", 2}}));
  EXPECT_TRUE(more);
  EXPECT_EQ(list("$room/b", 1), (Listed{{"$room/c", 1}}));
  EXPECT_FALSE(more);
  EXPECT_EQ(list("$room/aa", 1), (Listed{{"$room/b", 2}}));
  EXPECT_EQ(memberships.count("$room/b"), 2u);
  EXPECT_EQ(memberships.count("$sid/1"), 1u);
  EXPECT_EQ(memberships.count("$room/z"), 0u);
  memberships.part(one, "$room/a");
  memberships.part(one, "$room/b");
  EXPECT_EQ(list("$room/", 9), (Listed{{"$room/b", 1}, {"$room/c", 1}}));
  memberships.remove(one);
  memberships.remove(two);
  EXPECT_EQ(list("", 9), Listed());
}

TEST(Memberships, KnowWhoIsInWhat) {
  Subscription one;
  Subscription two;
  Memberships memberships;
  memberships.join(one, "$sid/1");
  memberships.join(one, "$room/r");
  memberships.join(two, "$room/r");
  EXPECT_THAT(members_of(memberships, "$sid/1"), ElementsAre(&one));
  EXPECT_THAT(members_of(memberships, "$room/r"), UnorderedElementsAre(&one, &two));
  EXPECT_THAT(members_of(memberships, "$room/other"), IsEmpty());
  EXPECT_TRUE(memberships.is_member(two, "$room/r"));
  EXPECT_FALSE(memberships.is_member(two, "$sid/1"));
  EXPECT_FALSE(memberships.is_member(two, "$room/other"));
}

TEST(Memberships, CountOnce) {
  Subscription one;
  Subscription two;
  Memberships memberships;
  for (int i = 0; i < 2; ++i) memberships.join(one, "r");
  EXPECT_THAT(members_of(memberships, "r"), ElementsAre(&one));
  for (int i = 0; i < 2; ++i) memberships.join(two, "r");
  EXPECT_THAT(members_of(memberships, "r"), UnorderedElementsAre(&one, &two));
  memberships.part(one, "r");
  memberships.part(one, "r");
  EXPECT_THAT(members_of(memberships, "r"), ElementsAre(&two));
  memberships.part(two, "r");
  EXPECT_EQ(memberships.size(), 0u);
}

TEST(Memberships, EndTogether) {
  Subscription one;
  Subscription two;
  Memberships memberships;
  for (const char* room : {"a", "b", "c", "d"}) memberships.join(one, room);
  memberships.join(two, "a");
  memberships.remove(one);
  EXPECT_THAT(members_of(memberships, "a"), ElementsAre(&two));
  EXPECT_EQ(memberships.size(), 1u);
  memberships.remove(one);
  memberships.remove(two);
  EXPECT_EQ(memberships.size(), 0u);
}

TEST(Memberships, EndWithTheSubscription) {
  SubscriberTable table;
  Subscription& one = table.add("stream", nullptr, nullptr);
  Subscription& two = table.add("stream", nullptr, nullptr);
  LocalTopic& stream = *one.topic;
  stream.addressing = std::make_unique<Addressing>();
  Memberships& members = stream.addressing->members;
  members.join(one, "r");
  members.join(two, "r");
  SubscriberTable::make_live(one);
  table.remove(one);
  EXPECT_THAT(members_of(members, "r"), ElementsAre(&two));
  table.remove(two);
}

// Against a plain model; with crowds that come and go, as the sets of many shrink then.
TEST(Memberships, AreWhatTheyAreAfterAnySeriesOfSteps) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::vector<Subscription> all(200);
    std::map<std::string, std::set<Subscription*>> expected;
    Memberships memberships;
    for (int step = 0; step < 4000; ++step) {
      Subscription& one = all[random() % all.size()];
      const std::string room = "room " + std::to_string(random() % 5);
      const bool filling = step / 1000 % 2 == 0;
      const auto what = random() % 10;
      if (what < (filling ? 8u : 2u)) {
        memberships.join(one, room);
        expected[room].insert(&one);
      } else if (what < 9) {
        memberships.part(one, room);
        expected[room].erase(&one);
      } else {
        memberships.remove(one);
        for (auto& [name, members] : expected) members.erase(&one);
      }
      std::size_t rooms = 0;
      for (auto& [name, members] : expected) rooms += members.empty() ? 0 : 1;
      ASSERT_EQ(memberships.size(), rooms);
      if (step % 50 != 0) continue;
      for (auto& [name, members] : expected) {
        const std::vector<Subscription*> seen = members_of(memberships, name);
        ASSERT_EQ(seen.size(), members.size());
        ASSERT_EQ(std::set(seen.begin(), seen.end()), members);
        for (Subscription& each : all) ASSERT_EQ(memberships.is_member(each, name), members.contains(&each));
      }
    }
  }
}

}  // namespace
}  // namespace broker::topics
