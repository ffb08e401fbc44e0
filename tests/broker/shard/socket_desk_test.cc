// SPDX-License-Identifier: Apache-2.0
// What the admin port's threads ask shards, which are threads of the test's that answer, or do not.
#include "broker/shard/socket_desk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <semaphore>
#include <thread>

#include "config/limits.h"

namespace broker::shard {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using Kind = SocketQuestion::Kind;
using Outcome = base::SocketDirectory::Outcome;

std::chrono::steady_clock::time_point soon() { return std::chrono::steady_clock::now() + 10s; }
std::chrono::steady_clock::time_point now() { return std::chrono::steady_clock::now(); }

std::unique_ptr<SocketQuestion> about(std::string sid) {
  return std::make_unique<SocketQuestion>(SocketQuestion{.kind = Kind::find, .sid = std::move(sid)});
}

// As a shard: with the sid that was asked for.
void answer(SocketInbox& inbox, std::unique_ptr<SocketQuestion> question) {
  question->answer.sockets.push_back({.sid = question->sid, .rooms = {}, .data = {}});
  inbox.give_back(std::move(question));
}

TEST(SocketInbox, CarriesAQuestionAndItsAnswer) {
  SocketInbox inbox;
  EXPECT_EQ(inbox.take(), nullptr);
  for (const char* sid : {"one", "two"}) {
    inbox.ask(about(sid));
    answer(inbox, inbox.take());
    EXPECT_EQ(inbox.take(), nullptr);
    EXPECT_EQ(inbox.await(soon())->sockets.front().sid, sid);
  }
}

TEST(SocketInbox, ForgetsWhatWasNotBegunInTime) {
  SocketInbox inbox;
  inbox.ask(about("one"));
  EXPECT_EQ(inbox.await(now()), std::nullopt);
  EXPECT_EQ(inbox.take(), nullptr);
}

TEST(SocketInbox, TellsALateAnswerFromTheOneThatIsAwaited) {
  SocketInbox inbox;
  inbox.ask(about("one"));
  std::unique_ptr<SocketQuestion> late = inbox.take();
  EXPECT_EQ(inbox.await(now()), std::nullopt);
  inbox.ask(about("two"));
  answer(inbox, std::move(late));
  EXPECT_EQ(inbox.await(now()), std::nullopt);
  inbox.ask(about("three"));
  late = inbox.take();
  inbox.ask(about("four"));
  answer(inbox, std::move(late));
  answer(inbox, inbox.take());
  EXPECT_EQ(inbox.await(soon())->sockets.front().sid, "four");
}

TEST(SocketInbox, EndsWithWhatNobodyFetched) {
  SocketInbox inbox;
  inbox.ask(about("one"));
  answer(inbox, inbox.take());
  inbox.ask(about("two"));  // the sanitizer sees to it that both are gone
}

class Desk : public testing::Test {
 protected:
  using Answering = std::function<void(std::size_t shard, SocketQuestion&)>;
  ~Desk() override {
    ended_ = true;
    for (auto& each : woken_) each.release();
  }
  // Shards that answer so; one that is `silent` never looks.
  void start(Answering answering, int silent = -1) {
    for (std::size_t shard = 0; shard < 3; ++shard) {
      threads_.emplace_back([this, shard, answering, silent] {
        for (;;) {
          woken_[shard].acquire();
          if (ended_) return;
          if (static_cast<int>(shard) == silent) continue;
          if (auto question = inboxes_[shard].take()) {
            answering(shard, *question);
            inboxes_[shard].give_back(std::move(question));
          }
        }
      });
    }
  }

  const std::vector<std::string> namespaces_ = {"/", "/chat"};
  SocketInbox inboxes_[3];
  std::counting_semaphore<1'000'000> woken_[3] = {std::counting_semaphore<1'000'000>(0),
                                                  std::counting_semaphore<1'000'000>(0),
                                                  std::counting_semaphore<1'000'000>(0)};
  std::atomic<bool> ended_{false};
  SocketDesk desk_{
      {&inboxes_[0], &inboxes_[1], &inboxes_[2]}, namespaces_, [this](std::size_t shard) { woken_[shard].release(); }};
  std::vector<std::jthread> threads_;
};

std::vector<std::string> sids_of(const base::SocketPage& page) {
  std::vector<std::string> sids;
  for (const base::SocketEntry& each : page.sockets) sids.push_back(each.sid);
  return sids;
}

// Every tenth slot of a shard with so many has a socket; a question looks at 20 of them.
void answer_list(std::uint32_t slots, std::size_t shard, SocketQuestion& question) {
  std::uint32_t slot = question.from_slot;
  const std::uint32_t end = std::min(slots, slot + 20);
  for (; slot < end && question.answer.sockets.size() < question.limit; ++slot) {
    if (slot % 10 != 0) continue;
    question.answer.sockets.push_back(
        {.sid = std::to_string(shard) + "." + std::to_string(slot), .rooms = {}, .data = {}});
  }
  if (slot < slots) question.answer.next_slot = slot;
}

TEST_F(Desk, ListsShardByShard) {
  start([](std::size_t shard, SocketQuestion& question) { answer_list(35, shard, question); });
  const auto all = desk_.list("/", "", {}, 100);
  EXPECT_THAT(sids_of(*all),
              ElementsAre("0.0", "0.10", "0.20", "0.30", "1.0", "1.10", "1.20", "1.30", "2.0", "2.10", "2.20", "2.30"));
  EXPECT_FALSE(all->next);
  std::vector<std::string> paged;
  std::optional<base::SocketPlace> place = base::SocketPlace();
  for (int pages = 0; place && pages < 10; ++pages) {
    const auto page = desk_.list("/", "", *place, 5);
    EXPECT_LE(page->sockets.size(), 5u);
    for (const std::string& sid : sids_of(*page)) paged.push_back(sid);
    place = page->next;
  }
  EXPECT_EQ(paged, sids_of(*all));
}

TEST_F(Desk, EndsAPageThatTakesTooManyTurns) {
  start([](std::size_t, SocketQuestion& question) { question.answer.next_slot = question.from_slot + 7; });
  const auto page = desk_.list("/", "", {.shard = 1, .slot = 0}, 5);
  EXPECT_THAT(page->sockets, IsEmpty());
  EXPECT_EQ(page->next->shard, 1u);
  EXPECT_EQ(page->next->slot, 7 * config::limits::socket_turns_per_page);
}

TEST_F(Desk, AddsUpRooms) {
  start([](std::size_t shard, SocketQuestion& question) {
    EXPECT_EQ(question.room, "a");
    question.answer.counts = {{"/", 10}, {"b", shard + 1}, {"c" + std::to_string(shard), 1}};
  });
  const auto page = desk_.rooms("/", "a", 3);
  EXPECT_EQ(page->sockets, 30u);
  ASSERT_EQ(page->rooms.size(), 3u);
  EXPECT_EQ(page->rooms[0].name + page->rooms[1].name + page->rooms[2].name, "bc0c1");
  EXPECT_EQ(page->rooms[0].sockets, 6u);
  EXPECT_TRUE(page->more);
  EXPECT_FALSE(desk_.rooms("/", "a", 4)->more);
}

TEST_F(Desk, LooksTwiceForWhatMayBeOnItsWay) {
  std::atomic<int> asked{0};
  start([&](std::size_t shard, SocketQuestion& question) {
    if (asked.fetch_add(1) >= 3 && shard == 0) question.answer.outcome = Outcome::done;
  });
  EXPECT_EQ(desk_.change({.kind = base::SocketChange::Kind::disconnect, .nsp = "/", .sid = "s"}), Outcome::done);
  EXPECT_EQ(asked, 6);
}

TEST_F(Desk, KnowsWhatNoRoomIsCalled) {
  start([](std::size_t, SocketQuestion&) { ADD_FAILURE() << "nobody is to be asked"; });
  for (const char* room : {"", "$x", "a/$b"}) {
    EXPECT_EQ(desk_.change({.kind = base::SocketChange::Kind::join, .nsp = "/", .sid = "s", .room = room}),
              Outcome::bad_room);
  }
}

TEST_F(Desk, DoesNotWaitForAShardThatSaysNothing) {
  start([](std::size_t, SocketQuestion& question) { question.answer.outcome = Outcome::done; }, 1);
  const auto began = now();
  std::vector<std::future<bool>> asking;
  for (int i = 0; i < 8; ++i) asking.push_back(std::async(std::launch::async, [this] { return !desk_.count(); }));
  for (auto& each : asking) EXPECT_TRUE(each.get());
  EXPECT_EQ(desk_.change({.kind = base::SocketChange::Kind::disconnect, .nsp = "/", .sid = "s"}), Outcome::no_answer);
  EXPECT_LT(now() - began, 4 * config::limits::socket_answer_patience) << "they wait together, not in turn";
}

}  // namespace
}  // namespace broker::shard
