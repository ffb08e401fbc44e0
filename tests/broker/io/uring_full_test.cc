// SPDX-License-Identifier: Apache-2.0
// A ring whose queues and buffers are too small for what is asked of it: nothing is lost.
#include <algorithm>
#include <deque>
#include <vector>

#include "uring_fixture.h"

namespace broker::io {
namespace {

using std::chrono::nanoseconds;
using testing::pattern;
using testing::piece_of;
using testing::Recorder;
using testing::SocketPair;
using testing::UringTest;

constexpr nanoseconds at_once{0};

class SmallUringTest : public UringTest {
 protected:
  void SetUp() override {
    create({.submissions = 8, .completions = 32, .receive_buffers = 4, .receive_buffer_bytes = 64});
  }
};

TEST_F(SmallUringTest, RunsOutOfBuffersAndGoesOn) {
  SocketPair pair;
  Recorder owner;
  const std::string text = pattern(64 * 11);
  pair.peer_writes(text);
  ring_->receive(owner.receive, pair.ours.get(), false);
  ring_->wait(at_once);
  ring_->run();
  EXPECT_EQ(owner.bytes_received, text.substr(0, 4 * 64));
  EXPECT_EQ(owner.log.back(), "receive error " + std::to_string(ENOBUFS));
  EXPECT_FALSE(owner.receive.in_kernel());
  EXPECT_EQ(ring_->counts().buffers_exhausted, 1u);

  pair.peer.reset();  // the end of the stream must come through, after the bytes
  owner.on_receive = [&] {
    if (!owner.receive.in_kernel() && owner.log.back() != "end of stream")
      ring_->receive(owner.receive, pair.ours.get(), false);
  };
  ring_->receive(owner.receive, pair.ours.get(), false);
  ASSERT_TRUE(turn_until([&] { return owner.log.back() == "end of stream"; }));
  EXPECT_EQ(owner.bytes_received, text);
}

// Handlers that ask for more than the submission queue holds: submitted early, and what completes meanwhile waits for
// the next run(), so nothing nests and nothing is lost.
TEST_F(SmallUringTest, SubmitsEarlyFromWithinAHandler) {
  constexpr std::size_t count = 100;
  std::deque<SocketPair> pairs(count);
  std::deque<Recorder> owners(count);
  std::string text = "hello";
  bool inside = false;
  Recorder starter;
  SocketPair start;
  starter.on_receive = [&] {
    if (starter.bytes_received.empty()) return;
    inside = true;
    for (std::size_t i = 0; i < count; ++i) {
      owners[i].on_send = [&] { EXPECT_FALSE(inside); };
      ring_->send(owners[i].send, pairs[i].ours.get(), std::vector<iovec>{piece_of(text), piece_of(text)});
    }
    inside = false;
    starter.on_receive = nullptr;
  };
  start.peer_writes("go");
  ring_->receive(starter.receive, start.ours.get(), false);
  ASSERT_TRUE(turn_until([&] { return owners.back().bytes_sent > 0; }));
  ASSERT_TRUE(turn_until(
      [&] { return std::all_of(owners.begin(), owners.end(), [](const Recorder& o) { return o.bytes_sent == 10; }); }));
  EXPECT_GE(ring_->counts().submit_full, count / 8 - 1);
  EXPECT_EQ(ring_->counts().overflows, 0u);
  for (SocketPair& pair : pairs) EXPECT_EQ(pair.peer_reads(), "hellohello");
  join(starter.receive);
}

TEST_F(SmallUringTest, ACompletionQueueThatIsTooSmallLosesNothing) {
  constexpr std::size_t count = 200;
  std::deque<SocketPair> pairs(count);
  std::deque<Recorder> owners(count);
  for (std::size_t i = 0; i < count; ++i) {
    owners[i].on_receive = [&, i] {
      if (!owners[i].receive.in_kernel()) ring_->receive(owners[i].receive, pairs[i].ours.get(), false);
    };
    ring_->receive(owners[i].receive, pairs[i].ours.get(), true);
  }
  for (int round = 1; round <= 5; ++round) {
    for (SocketPair& pair : pairs) pair.peer_writes("x");
    ASSERT_TRUE(turn_until([&] {
      return std::all_of(owners.begin(), owners.end(),
                         [&](const Recorder& o) { return o.bytes_received.size() == static_cast<std::size_t>(round); });
    }));
  }
  for (Recorder& owner : owners) {
    owner.on_receive = nullptr;
    ring_->cancel(owner.receive);
  }
  ASSERT_TRUE(turn_until([&] {
    return std::none_of(owners.begin(), owners.end(), [](const Recorder& o) { return o.receive.in_kernel(); });
  }));
}

}  // namespace
}  // namespace broker::io
