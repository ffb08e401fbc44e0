// SPDX-License-Identifier: Apache-2.0
// What Ring promises, kept by the kernel that runs the tests: what it accepts, receives and sends, and how it waits.
// How operations end is in uring_cancel_test.cc, queues that are full in uring_full_test.cc.
#include "broker/io/uring_ring.h"

#include <fcntl.h>

#include <algorithm>
#include <deque>
#include <vector>

#include "gmock/gmock.h"
#include "uring_fixture.h"

namespace broker::io {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Listener;
using testing::pattern;
using testing::piece_of;
using testing::Recorder;
using testing::SocketPair;
using testing::UringTest;

constexpr nanoseconds at_once{0};

TEST_F(UringTest, AcceptsUntilItIsCancelled) {
  Listener listener;
  Recorder owner;
  ring_->accept(owner.accept, listener.fd.get(), Ring::Accepting::descriptor);
  std::vector<base::OwnedFd> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(listener.connect());
  ASSERT_TRUE(turn_until([&] { return owner.sockets.size() == 5; }));
  EXPECT_TRUE(owner.accept.in_kernel());
  for (const int fd : owner.sockets) {
    EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_EQ(::fcntl(fd, F_GETFL) & O_NONBLOCK, 0) << "io_uring would answer EAGAIN instead of waiting";
    ring_->close(fd, false);
  }
  owner.log.clear();
  join(owner.accept);
  EXPECT_THAT(owner.log, ElementsAre("accept error " + std::to_string(ECANCELED)));
}

TEST_F(UringTest, AcceptReportsWhatIsNoListener) {
  SocketPair pair;
  Recorder owner;
  ring_->accept(owner.accept, pair.ours.get(), Ring::Accepting::descriptor);
  ASSERT_TRUE(turn_until([&] { return !owner.accept.in_kernel(); }));
  EXPECT_THAT(owner.log, ElementsAre("accept error " + std::to_string(EINVAL)));
}

TEST_F(UringTest, ReceivesUntilTheEndOfTheStream) {
  for (const bool wait_first : {true, false}) {
    SocketPair pair;
    Recorder owner;
    ring_->receive(owner.receive, pair.ours.get(), wait_first);
    ring_->wait(at_once);
    EXPECT_EQ(ring_->run(), 0u);
    pair.peer_writes("one");
    ASSERT_TRUE(turn_until([&] { return owner.log.size() == 1; }));
    pair.peer_writes("two");
    pair.peer.reset();
    ASSERT_TRUE(turn_until([&] { return !owner.receive.in_kernel(); }));
    EXPECT_THAT(owner.log, ElementsAre("received one, more", "received two, more", "end of stream"));
  }
}

TEST_F(UringTest, NothingRunsBeforeRun) {
  SocketPair pair;
  Recorder owner;
  pair.peer_writes("x");
  ring_->receive(owner.receive, pair.ours.get(), false);
  ring_->wait(milliseconds{1000});
  EXPECT_THAT(owner.log, IsEmpty());
  ring_->wait(nanoseconds{-1});  // returns, because something is reaped already
  EXPECT_EQ(ring_->run(), 1u);
  EXPECT_THAT(owner.log, ElementsAre("received x, more"));
  join(owner.receive);
}

TEST_F(UringTest, SendsPiecesInOrder) {
  SocketPair pair;
  Recorder owner;
  std::string texts[] = {"to ", "be ", "or not"};
  {
    const iovec pieces[] = {piece_of(texts[0]), piece_of(texts[1]), piece_of(texts[2])};
    ring_->send(owner.send, pair.ours.get(), pieces);
  }  // the iovecs were copied
  ASSERT_TRUE(turn_until([&] { return !owner.send.in_kernel(); }));
  EXPECT_EQ(pair.peer_reads(), "to be or not");
  EXPECT_THAT(owner.log, ElementsAre("sent 12"));
}

TEST_F(UringTest, MorePiecesThanTheKernelTakesAreAShortSend) {
  SocketPair pair;
  Recorder owner;
  std::string letter = "x";
  const std::vector<iovec> pieces(1500, piece_of(letter));
  ring_->send(owner.send, pair.ours.get(), pieces);
  ASSERT_TRUE(turn_until([&] { return !owner.send.in_kernel(); }));
  EXPECT_THAT(owner.log, ElementsAre("sent 1024"));
}

// A reader that stops and goes: the send completes short, and continues behind what was taken.
TEST_F(UringTest, SendsShortAndContinues) {
  for (const std::size_t pieces_count : {1, 3}) {
    SocketPair pair;
    Recorder owner;
    std::string text = pattern(4 << 20);
    int sends = 0;
    const auto send_rest = [&] {
      if (owner.bytes_sent == text.size()) return;
      ++sends;
      std::vector<iovec> pieces(1, piece_of(text, owner.bytes_sent));
      while (pieces.size() < pieces_count && pieces.back().iov_len > 1000) {
        const iovec last = pieces.back();
        pieces.back().iov_len = 1000;
        pieces.push_back({static_cast<char*>(last.iov_base) + 1000, last.iov_len - 1000});
      }
      ring_->send(owner.send, pair.ours.get(), pieces);
    };
    owner.on_send = send_rest;
    send_rest();
    std::string got;
    ASSERT_TRUE(turn_until([&] {
      got += pair.peer_reads(100'000);
      return got.size() == text.size() && !owner.send.in_kernel();
    }));
    EXPECT_EQ(got, text);
    EXPECT_GT(sends, 1);
    ring_->close(pair.ours.release(), false);  // the next pair has the same descriptors
  }
}

TEST_F(UringTest, ASendToNobodyIsAnErrorAndNoSignal) {
  SocketPair pair;
  pair.peer.reset();
  Recorder owner;
  std::string text = "x";
  ring_->send(owner.send, pair.ours.get(), std::vector<iovec>{piece_of(text)});
  ASSERT_TRUE(turn_until([&] { return !owner.send.in_kernel(); }));
  ring_->send(owner.send, pair.ours.get(), std::vector<iovec>{piece_of(text), piece_of(text)});
  ASSERT_TRUE(turn_until([&] { return !owner.send.in_kernel(); }));
  EXPECT_THAT(owner.log, Each("send error " + std::to_string(EPIPE)));
}

TEST_F(UringTest, AHandlerMayAskAgain) {
  SocketPair pair;
  Recorder owner;
  int rounds = 0;
  owner.on_receive = [&] {
    if (owner.receive.in_kernel()) return ring_->cancel(owner.receive);
    if (++rounds < 50) {
      pair.peer_writes("x");
      ring_->receive(owner.receive, pair.ours.get(), false);
    }
  };
  pair.peer_writes("x");
  ring_->receive(owner.receive, pair.ours.get(), false);
  ASSERT_TRUE(turn_until([&] { return rounds == 50; }));
  EXPECT_EQ(owner.bytes_received.size(), 50u);
  EXPECT_FALSE(owner.receive.in_kernel());
}

TEST_F(UringTest, WaitsNoLongerThanTheTimeout) {
  const auto before = std::chrono::steady_clock::now();
  ring_->wait(milliseconds{30});
  EXPECT_GE(std::chrono::steady_clock::now() - before, milliseconds{30});
  EXPECT_EQ(ring_->run(), 0u);
}

TEST_F(UringTest, SleepsThroughWhenNothingHappens) {
  SocketPair pair;
  Listener listener;
  Recorder owner;
  ring_->receive(owner.receive, pair.ours.get(), true);
  ring_->accept(owner.accept, listener.fd.get(), Ring::Accepting::descriptor);
  ring_->wait(at_once);
  const RingCounts before = ring_->counts();
  ring_->wait(milliseconds{200});
  EXPECT_EQ(ring_->counts().enters - before.enters, 1u);
  EXPECT_EQ(ring_->counts().completions, before.completions);
  join(owner.receive);
  join(owner.accept);
}

// Since Linux 6.13 an enter runs 20 of them unless asked for more.
TEST_F(UringTest, ReapsABurstInFewEnters) {
  constexpr std::size_t count = 300;
  std::deque<SocketPair> pairs(count);
  std::deque<Recorder> owners(count);
  for (std::size_t i = 0; i < count; ++i) ring_->receive(owners[i].receive, pairs[i].ours.get(), true);
  ring_->wait(at_once);
  ASSERT_EQ(ring_->run(), 0u);
  for (const nanoseconds timeout : {at_once, nanoseconds{milliseconds{1000}}}) {
    for (SocketPair& pair : pairs) pair.peer_writes("x");
    const std::uint64_t enters = ring_->counts().enters;
    ring_->wait(timeout);
    EXPECT_EQ(ring_->run(), count);
    EXPECT_LE(ring_->counts().enters - enters, 6u);
  }
  for (Recorder& owner : owners) ring_->cancel(owner.receive);
  ASSERT_TRUE(turn_until([&] {
    return std::none_of(owners.begin(), owners.end(), [](const Recorder& o) { return o.receive.in_kernel(); });
  }));
}

using UringDeathTest = UringTest;

TEST_F(UringDeathTest, AssertsWhatItsOwnersMustKeep) {
  SocketPair pair;
  Recorder owner;
  ring_->receive(owner.receive, pair.ours.get(), true);
  EXPECT_DEATH(ring_->receive(owner.receive, pair.ours.get(), true), "asked for twice");
  EXPECT_DEATH(ring_->send(owner.send, pair.ours.get(), {}), "a send of nothing");
  EXPECT_DEATH(ring_.reset(), "while the kernel held 1 operations");
  join(owner.receive);
}

#ifdef ABSL_HAVE_ADDRESS_SANITIZER
TEST_F(UringDeathTest, BytesAreGoneAfterRun) {
  struct Keeper final : ReceiveOperation {
    void complete(const Received& done) noexcept override { kept = done.bytes; }
    std::span<std::uint8_t> kept;
  } keeper;
  SocketPair pair;
  pair.peer_writes("x");
  ring_->receive(keeper, pair.ours.get(), false);
  ASSERT_TRUE(turn_until([&] { return !keeper.kept.empty(); }));
  EXPECT_DEATH(std::exit(keeper.kept.front()), "use-after-poison");
  join(keeper);
}
#endif

}  // namespace
}  // namespace broker::io
