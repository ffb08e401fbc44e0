// SPDX-License-Identifier: Apache-2.0
#include "broker/topics/subscriber_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

namespace broker::topics {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAreArray;

const int json = 0;
const int text = 0;

Subscription& add_live(SubscriberTable& table, std::string_view topic, const void* format = &json) {
  Subscription& made = table.add(topic, nullptr, format);
  SubscriberTable::make_live(made);
  return made;
}

TEST(SubscriberTable, KnowsTheTopicsThatSomebodyWants) {
  SubscriberTable table;
  EXPECT_EQ(table.find("t"), nullptr);
  int subscriber = 0;
  Subscription& one = table.add("t", &subscriber, &json);
  ASSERT_NE(table.find("t"), nullptr);
  EXPECT_EQ(table.find("t")->name(), "t");
  EXPECT_EQ(one.beginning->subscriber, &subscriber);
  EXPECT_EQ(one.topic, table.find("t"));
  Subscription& two = table.add("t", nullptr, &text);
  EXPECT_EQ(table.find("t")->subscriptions(), 2u);
  EXPECT_FALSE(table.remove(one));
  EXPECT_TRUE(table.remove(two)) << "the last one";
  EXPECT_EQ(table.find("t"), nullptr);
}

TEST(SubscriberTable, GivesNothingToThoseWhoStillWait) {
  SubscriberTable table;
  Subscription& waiting = table.add("t", nullptr, &json);
  EXPECT_THAT(table.find("t")->groups, IsEmpty());
  Subscription& live = add_live(table, "t");
  EXPECT_THAT(table.find("t")->groups[0].live, ElementsAre(&live));
  SubscriberTable::make_live(waiting);
  EXPECT_THAT(table.find("t")->groups[0].live, ElementsAre(&live, &waiting));
  EXPECT_FALSE(table.remove(live));
  EXPECT_TRUE(table.remove(waiting));
}

TEST(SubscriberTable, GroupsTheLiveByTheWindowOfTheirCompressionToo) {
  SubscriberTable table;
  const auto add = [&table](std::uint8_t deflate_bits) {
    Subscription& made = table.add("t", nullptr, &json, deflate_bits);
    SubscriberTable::make_live(made);
    return &made;
  };
  Subscription* const plain = add(0);
  Subscription* const wide = add(15);
  Subscription* const narrow = add(9);
  Subscription* const also_wide = add(15);
  const auto& groups = table.find("t")->groups;
  ASSERT_EQ(groups.size(), 3u);
  EXPECT_THAT(groups[0].live, ElementsAre(plain));
  EXPECT_THAT(groups[1].live, ElementsAre(wide, also_wide));
  EXPECT_THAT(groups[2].live, ElementsAre(narrow));
  EXPECT_EQ(groups[1].deflate_bits, 15);
  EXPECT_FALSE(table.remove(*wide));
  EXPECT_THAT(groups[1].live, ElementsAre(also_wide));
  for (Subscription* each : {plain, narrow, also_wide}) (void)table.remove(*each);
}

TEST(SubscriberTable, GroupsTheLiveByFormat) {
  SubscriberTable table;
  Subscription& a = add_live(table, "t", &json);
  Subscription& b = add_live(table, "t", &text);
  Subscription& c = add_live(table, "t", &json);
  LocalTopic& topic = *table.find("t");
  ASSERT_EQ(topic.groups.size(), 2u);
  EXPECT_EQ(topic.groups[0].format, &json);
  EXPECT_THAT(topic.groups[0].live, ElementsAre(&a, &c));
  EXPECT_THAT(topic.groups[1].live, ElementsAre(&b));
  for (Subscription* each : {&a, &b, &c}) (void)table.remove(*each);
}

TEST(SubscriberTable, DropsTheRunOfAGroupThatNobodyIsLeftIn) {
  SubscriberTable table;
  Subscription& stays = table.add("t", nullptr, &text);
  Subscription& leaves = add_live(table, "t");
  FormatGroup& group = table.find("t")->groups[0];
  group.run = {.bytes = "pending", .first_offset = 1, .messages = 1, .accepted_ns = 0};
  EXPECT_FALSE(table.remove(leaves));
  EXPECT_EQ(group.run.messages, 0u);
  EXPECT_EQ(group.run.bytes, "");
  Subscription& comes = add_live(table, "t");  // would be refused if a run were pending
  EXPECT_THAT(group.live, ElementsAre(&comes));
  EXPECT_FALSE(table.remove(comes));
  EXPECT_TRUE(table.remove(stays));
}

TEST(SubscriberTable, KnowsEveryPositionThroughRandomComingAndGoing) {
  std::mt19937 random(7);
  SubscriberTable table;
  std::vector<Subscription*> waiting;
  std::vector<Subscription*> live;
  std::map<const Subscription*, void*> subscribers;
  const auto take = [&](std::vector<Subscription*>& from) {
    std::swap(from[random() % from.size()], from.back());
    Subscription* taken = from.back();
    from.pop_back();
    return taken;
  };
  for (int step = 0; step < 5000; ++step) {
    const auto what = random() % 4;
    if (what == 0) {
      void* const subscriber = reinterpret_cast<void*>(static_cast<std::uintptr_t>(step) + 1);
      waiting.push_back(&table.add("t", subscriber, &json));
      subscribers[waiting.back()] = subscriber;
    }
    if (what == 1 && !waiting.empty()) {
      live.push_back(take(waiting));
      SubscriberTable::make_live(*live.back());
    }
    const std::size_t left = waiting.size() + live.size();
    if (what == 2 && !waiting.empty()) {
      EXPECT_EQ(table.remove(*take(waiting)), left == 1);
    }
    if (what == 3 && !live.empty()) {
      EXPECT_EQ(table.remove(*take(live)), left == 1);
    }
    LocalTopic* topic = table.find("t");
    ASSERT_EQ(topic == nullptr, waiting.empty() && live.empty());
    if (topic == nullptr || topic->groups.empty()) continue;
    EXPECT_THAT(topic->groups[0].live, UnorderedElementsAreArray(live));
    ASSERT_EQ(topic->groups[0].subscribers.size(), live.size());
    for (Subscription* each : live) {
      ASSERT_EQ(topic->groups[0].live[each->position], each);
      ASSERT_EQ(topic->groups[0].subscribers[each->position], subscribers[each]);
    }
  }
  for (std::vector<Subscription*>* all : {&waiting, &live}) {
    for (Subscription* each : *all) (void)table.remove(*each);
  }
}

}  // namespace
}  // namespace broker::topics
