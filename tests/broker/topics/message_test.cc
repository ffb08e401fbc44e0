// SPDX-License-Identifier: Apache-2.0
#include "broker/topics/message.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace broker::topics {
namespace {

TEST(Message, HoldsItsPartsInOneAllocation) {
  ReturnStack owner;
  const std::string topic(255, 't');
  const std::string event(255, 'e');
  const std::string content("co\0ntent", 8);
  const std::string audience(70'000, 'a');
  const MessageRef message(Message::make(
      {.topic = topic, .event = event, .content = content, .audience = audience, .kind = 3}, 42, owner));
  EXPECT_EQ(message->topic(), topic);
  EXPECT_EQ(message->event(), event);
  EXPECT_EQ(message->content(), content);
  EXPECT_EQ(message->audience(), audience);
  EXPECT_EQ(message->kind, 3);
  EXPECT_EQ(message->accepted_ns, 42);
  EXPECT_EQ(message->memory_bytes(), sizeof(Message) + 255 + 255 + 8 + 70'000);
}

TEST(Message, MayHaveEmptyParts) {
  ReturnStack owner;
  const MessageRef message(Message::make({.topic = "t", .event = {}, .content = {}}, 0, owner));
  EXPECT_EQ(message->topic(), "t");
  EXPECT_EQ(message->event(), "");
  EXPECT_EQ(message->content(), "");
  EXPECT_EQ(message->audience(), "");
}

TEST(Message, CopiesWhatItIsMadeOf) {
  ReturnStack owner;
  std::string content(100'000, 'a');
  const MessageRef message(Message::make({.topic = "t", .event = "e", .content = content}, 0, owner));
  content.assign(100'000, 'b');
  EXPECT_EQ(message->content(), std::string(100'000, 'a'));
}

TEST(MessageRef, IsGivenBackByTheLastHolder) {
  ReturnStack owner;
  MessageRef one(Message::make({.topic = "t", .event = {}, .content = "c"}, 0, owner));
  {
    MessageRef two = one.share();
    EXPECT_EQ(one->refs, 2u);
    MessageRef three = std::move(two);
    EXPECT_FALSE(two);  // NOLINT(bugprone-use-after-move): that is what is tested
    EXPECT_EQ(one->refs, 2u);
    three = one.share();
    EXPECT_EQ(one->refs, 2u) << "the count that it held before is given up";
  }
  EXPECT_EQ(one->refs, 1u);
  Message* bare = one.release();
  EXPECT_FALSE(one);
  MessageRef adopted(bare);
  EXPECT_EQ(adopted->refs, 1u);
  adopted = std::move(adopted);
  EXPECT_TRUE(adopted);
}

TEST(ReturnStack, FreesWhatCameBackFromOtherShards) {
  constexpr int shards = 4;
  constexpr int messages = 2000;
  ReturnStack owner;
  std::vector<std::vector<MessageRef>> of_shard(shards);
  for (int i = 0; i < messages; ++i) {
    MessageRef message(Message::make({.topic = "t", .event = {}, .content = "content"}, i, owner));
    for (auto& held : of_shard) held.push_back(message.share());
  }
  std::vector<std::thread> threads;
  std::atomic<int> running{shards};
  for (auto& held : of_shard) {
    threads.emplace_back([&held, &running] {
      for (MessageRef& each : held) {
        EXPECT_EQ(each->content(), "content");
        each.reset();
      }
      running.fetch_sub(1);
    });
  }
  while (running.load() > 0) owner.free_all();
  for (std::thread& thread : threads) thread.join();
  owner.free_all();  // what is left now leaks, and AddressSanitizer says so
}

}  // namespace
}  // namespace broker::topics
