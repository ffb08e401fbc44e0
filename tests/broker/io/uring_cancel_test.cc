// SPDX-License-Identifier: Apache-2.0
// How operations end before they are done: cancelled, shut down, closed.
#include <vector>

#include "gmock/gmock.h"
#include "uring_fixture.h"

namespace broker::io {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using testing::Listener;
using testing::pattern;
using testing::piece_of;
using testing::Recorder;
using testing::SocketPair;
using testing::UringTest;

constexpr nanoseconds at_once{0};

TEST_F(UringTest, CancelsAReceiveThatWaits) {
  SocketPair pair;
  Recorder owner;
  ring_->receive(owner.receive, pair.ours.get(), true);
  ring_->wait(at_once);
  join(owner.receive);
  EXPECT_THAT(owner.log, ElementsAre("receive error " + std::to_string(ECANCELED)));
  ring_->cancel(owner.receive);  // harmless
  pair.peer_writes("still open");
  ring_->receive(owner.receive, pair.ours.get(), false);
  ASSERT_TRUE(turn_until([&] { return owner.bytes_received == "still open"; }));
  join(owner.receive);
}

TEST_F(UringTest, CancelsInTheSameSubmission) {
  SocketPair pair;
  Recorder owner;
  ring_->receive(owner.receive, pair.ours.get(), true);
  join(owner.receive);
  EXPECT_THAT(owner.log, ElementsAre("receive error " + std::to_string(ECANCELED)));
}

TEST_F(UringTest, CancelsASendThatIsStuck) {
  SocketPair pair;
  Recorder owner;
  std::string text = pattern(1 << 20);
  do {  // until the socket is full and the kernel keeps the send
    if (!owner.send.in_kernel()) ring_->send(owner.send, pair.ours.get(), std::vector<iovec>{piece_of(text)});
    ring_->wait(at_once);
  } while (ring_->run() > 0);
  ASSERT_TRUE(owner.send.in_kernel());
  join(owner.send);
  EXPECT_THAT(owner.log.back(), AnyOf("send error " + std::to_string(ECANCELED), ::testing::StartsWith("sent ")));
}

TEST_F(UringTest, ACancelThatComesTooLateDisturbsNothing) {
  SocketPair pair;
  Recorder owner;
  ring_->receive(owner.receive, pair.ours.get(), false);
  pair.peer_writes("x");
  pair.peer.reset();
  ring_->wait(milliseconds{1000});
  ring_->cancel(owner.receive);
  ASSERT_TRUE(turn_until([&] { return !owner.receive.in_kernel(); }));
  EXPECT_THAT(owner.log.front(), "received x, more");
  ring_->wait(at_once);
  EXPECT_EQ(ring_->run(), 0u);
}

TEST_F(UringTest, HalfClosesAndGoesOnReceiving) {
  SocketPair pair;
  Recorder owner;
  ring_->receive(owner.receive, pair.ours.get(), true);
  ring_->half_close(pair.ours.get());
  ring_->wait(at_once);
  char byte = 0;
  EXPECT_EQ(::recv(pair.peer.get(), &byte, 1, 0), 0);
  pair.peer_writes("still heard");
  ASSERT_TRUE(turn_until([&] { return owner.bytes_received == "still heard"; }));
  join(owner.receive);
}

TEST_F(UringTest, ClosesWithAFinOrAReset) {
  Listener listener;
  for (const bool reset : {false, true}) {
    Recorder owner;
    ring_->accept(owner.accept, listener.fd.get(), Ring::Accepting::descriptor);
    const base::OwnedFd client = listener.connect();
    ASSERT_TRUE(turn_until([&] { return owner.sockets.size() == 1; }));
    join(owner.accept);
    ring_->close(owner.sockets.front(), reset);
    char byte = 0;
    const ssize_t got = ::recv(client.get(), &byte, 1, 0);
    const int error = errno;
    EXPECT_EQ(got, reset ? -1 : 0);
    EXPECT_EQ(reset ? error : ECONNRESET, ECONNRESET);
  }
}

}  // namespace
}  // namespace broker::io
