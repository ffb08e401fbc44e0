// SPDX-License-Identifier: Apache-2.0
#include "broker/net/send_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace broker::net {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Use = SharedBytes::Use;

constexpr std::size_t no_limit = SIZE_MAX;
const int stream_a = 0;
const int stream_b = 0;

SharedBytesRef shared(std::string bytes, Use use = Use::delivery, const void* stream = &stream_a) {
  return SharedBytesRef::make({.bytes = std::move(bytes), .stream = stream, .messages = 1, .use = use});
}

void push(SendQueue& queue, std::initializer_list<const char*> deliveries) {
  for (const char* each : deliveries) queue.push_shared(shared(each));
}

std::vector<std::string> gather(SendQueue& queue, std::size_t pieces_max = 16, std::size_t bytes_max = no_limit) {
  std::vector<iovec> pieces(pieces_max);
  const std::size_t used = queue.gather(pieces, bytes_max);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < used; ++i)
    texts.emplace_back(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
  return texts;
}

std::vector<std::string> consume(SendQueue& queue, std::size_t bytes) {
  std::vector<std::string> left;
  queue.consume(bytes, [&](const SharedBytes& entry) { left.push_back(entry.bytes); });
  return left;
}

const auto nothing_instead = [](const SharedBytes&) { return std::nullopt; };

TEST(SendQueue, HandsOutEntriesInOrderAndLetsGoOfThoseThatHaveLeft) {
  SendQueue queue;
  EXPECT_TRUE(queue.empty());
  queue.push_shared(shared("one"));
  queue.push_shared(shared("two", Use::replay));
  queue.push_answer("three");
  EXPECT_THAT(gather(queue), ElementsAre("one", "two", "three"));
  EXPECT_THAT(consume(queue, 11), ElementsAre("one", "two", "three"));
  EXPECT_TRUE(queue.empty());
  EXPECT_THAT(gather(queue), IsEmpty());
}

TEST(SendQueue, ContinuesBehindWhatHasLeftAtEveryLength) {
  const std::string all = "onetwothree";
  for (std::size_t first = 1; first <= all.size(); ++first) {
    SendQueue queue;
    push(queue, {"one", "two", "three"});
    (void)gather(queue);
    (void)consume(queue, first);
    EXPECT_EQ(queue.bytes(), all.size() - first);
    std::string rest;
    for (const std::string& piece : gather(queue)) rest += piece;
    EXPECT_EQ(rest, all.substr(first));
  }
}

TEST(SendQueue, TellsOfAnEntryWhenItsLastByteHasLeft) {
  SendQueue queue;
  push(queue, {"one", "two"});
  (void)gather(queue);
  EXPECT_THAT(consume(queue, 2), IsEmpty());
  EXPECT_THAT(consume(queue, 3), ElementsAre("one"));
  EXPECT_THAT(consume(queue, 1), ElementsAre("two"));
}

TEST(SendQueue, FillsNoMoreThanItIsAskedFor) {
  SendQueue queue;
  push(queue, {"aaaa", "bbbb", "cccc"});
  EXPECT_THAT(gather(queue, 2), ElementsAre("aaaa", "bbbb"));
  EXPECT_THAT(gather(queue, 16, 11), ElementsAre("aaaa", "bbbb"));
  EXPECT_THAT(gather(queue, 16, 12), ElementsAre("aaaa", "bbbb", "cccc"));
  EXPECT_THAT(gather(queue, 16, 1), ElementsAre("aaaa")) << "at least one, or it would never leave";
}

TEST(SendQueue, JoinsAnswersThatAreNotBegun) {
  SendQueue queue;
  queue.push_answer("a");
  queue.push_answer("");
  queue.push_answer("b");
  EXPECT_THAT(gather(queue), ElementsAre("ab"));
  queue.push_answer("c");  // what the kernel reads is not touched
  queue.push_answer("d");
  EXPECT_THAT(gather(queue), ElementsAre("ab", "cd"));
  queue.push_shared(shared("e"));
  queue.push_answer("f");
  EXPECT_THAT(gather(queue), ElementsAre("ab", "cd", "e", "f"));
  EXPECT_EQ(queue.answer_bytes(), 5u);
}

TEST(SendQueue, DoesNotJoinAnswersWithoutBound) {
  SendQueue queue;
  for (int i = 0; i < 100; ++i) queue.push_answer(std::string(1024, 'x'));
  EXPECT_GE(gather(queue).size(), 6u);
}

TEST(SendQueue, LetsControlFramesOvertakeOnlyWhatIsNotBegun) {
  SendQueue queue;
  push(queue, {"aaaa", "bbbb", "cccc"});
  (void)gather(queue, 2);
  queue.push_control("P");
  EXPECT_THAT(gather(queue), ElementsAre("aaaa", "bbbb", "P", "cccc"));
}

TEST(SendQueue, KeepsAnEntryWholeThatHasLeftInPartWhenAControlFrameComes) {
  SendQueue queue;
  push(queue, {"aaaa", "bbbb"});
  (void)gather(queue, 1);
  (void)consume(queue, 1);
  queue.push_control("P");
  EXPECT_THAT(gather(queue), ElementsAre("aaa", "P", "bbbb"));
}

TEST(SendQueue, KeepsAnAnswerBehindAControlFrameApart) {
  SendQueue queue;
  queue.push_control("P");
  queue.push_answer("a");
  EXPECT_EQ(queue.answer_bytes(), 2u);
  queue.push_control("Q");
  EXPECT_THAT(gather(queue), ElementsAre("PQ", "a"));
  queue.push_control("R");
  queue.push_answer("b");
  queue.push_control("S");
  EXPECT_THAT(gather(queue), ElementsAre("PQ", "a", "RS", "b"));
}

TEST(SendQueue, KeepsControlFramesInTheirOrder) {
  SendQueue queue;
  push(queue, {"aaaa", "bbbb"});
  (void)gather(queue, 1);
  std::string expected = "aaaa";
  for (int i = 0; i < 20'000; ++i) {  // more than one entry of them
    queue.push_control(std::to_string(i));
    expected += std::to_string(i);
  }
  std::string all;
  const std::vector<std::string> pieces = gather(queue, 64);
  for (const std::string& piece : pieces) all += piece;
  EXPECT_EQ(all, expected + "bbbb");
  EXPECT_LT(pieces.size(), 12u);
  EXPECT_EQ(queue.answer_bytes(), expected.size() - 4);
}

TEST(SendQueue, DropsTheOldestDeliveriesUntilTheRestFits) {
  SendQueue queue;
  push(queue, {"aaaa", "bbbb", "cccc", "dddd"});
  std::vector<std::string> dropped;
  EXPECT_TRUE(queue.drop_oldest(8, [&](const SharedBytes& lost) {
    dropped.push_back(lost.bytes);
    return std::nullopt;
  }));
  EXPECT_THAT(dropped, ElementsAre("aaaa", "bbbb"));
  EXPECT_EQ(queue.delivery_bytes(), 8u);
  EXPECT_THAT(gather(queue), ElementsAre("cccc", "dddd"));
}

TEST(SendQueue, DropsNeitherAnswersNorReplaysNorWhatIsBegun) {
  SendQueue queue;
  queue.push_shared(shared("begun"));
  queue.push_answer("answer");
  (void)gather(queue, 1);
  queue.push_shared(shared("replay", Use::replay));
  queue.push_shared(shared("dropped"));
  EXPECT_FALSE(queue.drop_oldest(0, nothing_instead));
  EXPECT_EQ(queue.delivery_bytes(), 5u);
  EXPECT_THAT(gather(queue), ElementsAre("begun", "answer", "replay"));
}

TEST(SendQueue, PutsAnAnnouncementWhereTheFirstDroppedDeliveryStood) {
  SendQueue queue;
  queue.push_shared(shared("replay", Use::replay));
  queue.push_shared(shared("aaaa"));
  queue.push_answer("answer");
  push(queue, {"bbbb", "cccc"});
  SharedBytesRef gap;
  EXPECT_TRUE(queue.drop_oldest(4, [&](const SharedBytes& lost) -> std::optional<SharedBytesRef> {
    if (lost.bytes != "aaaa") return std::nullopt;
    gap = shared("gap 1", Use::answer);
    return gap;
  }));
  EXPECT_EQ(queue.answer_bytes(), 11u);
  queue.rewrite(*gap, "gap 1 to 2");
  EXPECT_EQ(queue.answer_bytes(), 16u);
  EXPECT_THAT(gather(queue), ElementsAre("replay", "gap 1 to 2", "answer", "cccc"));
}

TEST(SendQueue, WritesNoAnswerIntoAnAnnouncementThatMayBeRewritten) {
  SendQueue queue;
  queue.push_shared(shared("aaaa"));
  SharedBytesRef gap;
  (void)queue.drop_oldest(
      0, [&](const SharedBytes&) -> std::optional<SharedBytesRef> { return gap = shared("gap", Use::answer); });
  queue.push_answer("answer");
  queue.rewrite(*gap, "longer gap");
  EXPECT_THAT(gather(queue), ElementsAre("longer gap", "answer"));
}

TEST(SendQueue, TakesBackWhatIsNotBegunOfAStream) {
  SendQueue queue;
  push(queue, {"a1", "a2"});
  (void)gather(queue, 1);
  queue.push_answer("answer");
  queue.push_shared(shared("b", Use::delivery, &stream_b));
  queue.push_shared(shared("a3", Use::replay));
  queue.drop_stream(&stream_a);
  EXPECT_EQ(queue.delivery_bytes(), 3u);
  EXPECT_EQ(queue.replay_bytes(), 0u);
  EXPECT_THAT(gather(queue), ElementsAre("a1", "answer", "b"));
}

TEST(SendQueue, CountsBytesByTheirUse) {
  SendQueue queue;
  queue.push_answer("1");
  queue.push_shared(shared("22"));
  queue.push_shared(shared("333", Use::replay));
  queue.push_control("4444");
  EXPECT_EQ(queue.answer_bytes(), 5u);
  EXPECT_EQ(queue.delivery_bytes(), 2u);
  EXPECT_EQ(queue.replay_bytes(), 3u);
  EXPECT_EQ(queue.bytes(), 10u);
}

TEST(SendQueue, SharesAnEntryAmongQueuesAndFreesItWithTheLast) {
  SharedBytesRef run = shared("run");
  {
    SendQueue one;
    SendQueue two;
    one.push_shared(run);
    two.push_shared(run);
    EXPECT_EQ(run->refs, 3u);
    (void)gather(one);
    (void)consume(one, 3);
    EXPECT_EQ(run->refs, 2u);
  }
  EXPECT_EQ(run->refs, 1u);
}

TEST(SendQueue, ClearHandsOverAllThatIsLeft) {
  SendQueue queue;
  push(queue, {"aa", "bb", "cc"});
  (void)gather(queue);
  (void)consume(queue, 3);
  std::vector<std::string> lost;
  queue.clear([&](const SharedBytes& entry) { lost.push_back(entry.bytes); });
  EXPECT_THAT(lost, ElementsAre("bb", "cc"));
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.bytes(), 0u);
  queue.push_answer("goes on");
  EXPECT_THAT(gather(queue), ElementsAre("goes on"));
}

TEST(SendQueue, StaysInOrderThroughAThousandEntriesThatComeAndGo) {
  SendQueue queue;
  std::size_t pushed = 0;
  std::size_t seen = 0;
  for (int round = 0; round < 400; ++round) {
    for (int i = 0; i < 5; ++i) queue.push_shared(shared(std::to_string(1'000'000 + pushed++)));
    const std::vector<std::string> pieces = gather(queue, 4);
    for (const std::string& left : consume(queue, pieces.size() * 7))
      EXPECT_EQ(left, std::to_string(1'000'000 + seen++));
  }
  EXPECT_EQ(queue.delivery_bytes(), (pushed - seen) * 7);
}

}  // namespace
}  // namespace broker::net
