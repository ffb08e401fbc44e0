// SPDX-License-Identifier: Apache-2.0
#include "fake_ring.h"

#include <functional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "recorder.h"

namespace fakes {
namespace {

using broker::io::Operation;
using broker::io::testing::Recorder;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<iovec> pieces_of(std::vector<std::string>& texts) {
  std::vector<iovec> pieces;
  for (std::string& text : texts) pieces.push_back({text.data(), text.size()});
  return pieces;
}

class FakeRingTest : public ::testing::Test {
 protected:
  ~FakeRingTest() override { ring_.abandon(); }

  FakeRing ring_;
  Recorder owner_;
  std::vector<std::string> texts_{"hello ", "world"};
};

TEST_F(FakeRingTest, ReapsThenRuns) {
  ring_.receive(owner_.receive, 7, true);
  EXPECT_TRUE(ring_.receiving(7));
  EXPECT_TRUE(ring_.waits_first(7));
  ring_.complete_receive(7, "one");
  EXPECT_EQ(ring_.run(), 0u) << "not reaped yet";
  ring_.wait(std::chrono::seconds{1});
  EXPECT_EQ(ring_.last_timeout(), std::chrono::seconds{1});
  EXPECT_THAT(owner_.log, IsEmpty());
  EXPECT_EQ(ring_.run(), 1u);
  EXPECT_THAT(owner_.log, ElementsAre("received one, more"));
  EXPECT_TRUE(owner_.receive.in_kernel());
}

TEST_F(FakeRingTest, ReceivesEndInEveryWay) {
  const auto again = [&] { ring_.receive(owner_.receive, 7, false); };
  again();
  ring_.complete_receive(7, "last", false);
  ring_.turn();
  EXPECT_FALSE(owner_.receive.in_kernel());
  again();
  ring_.fail_receive(7, ENOBUFS);
  ring_.turn();
  again();
  ring_.end_of_stream(7);
  ring_.turn();
  EXPECT_THAT(owner_.log, ElementsAre("received last", "receive error 105", "end of stream"));
  EXPECT_EQ(ring_.counts().buffers_exhausted, 1u);
}

TEST_F(FakeRingTest, SplitsLargeInputAsBuffersDo) {
  ring_.receive(owner_.receive, 7, false);
  ring_.complete_receive(7, std::string(5000, 'x'));
  ring_.turn();
  EXPECT_EQ(owner_.log.size(), 3u);
  EXPECT_EQ(owner_.bytes_received, std::string(5000, 'x'));
}

TEST_F(FakeRingTest, SendsShort) {
  ring_.send(owner_.send, 7, pieces_of(texts_));
  EXPECT_EQ(ring_.pending(7), "hello world");
  ring_.complete_send(7, 4);
  ring_.turn();
  EXPECT_EQ(ring_.sent(7), "hell");
  EXPECT_THAT(owner_.log, ElementsAre("sent 4"));
  EXPECT_FALSE(owner_.send.in_kernel());
  ring_.send(owner_.send, 7, pieces_of(texts_));
  ring_.complete_send(7);
  ring_.turn();
  EXPECT_EQ(ring_.take_sent(7), "hellhello world");
  EXPECT_EQ(ring_.sent(7), "");
}

TEST_F(FakeRingTest, TheTestDecidesHowACancelledSendEnds) {
  ring_.send(owner_.send, 7, pieces_of(texts_));
  ring_.cancel(owner_.send);
  EXPECT_TRUE(ring_.cancelled(7, Operation::Type::send));
  ring_.turn();
  EXPECT_TRUE(owner_.send.in_kernel()) << "late";
  ring_.complete_send(7, 2);
  ring_.turn();
  ring_.send(owner_.send, 7, pieces_of(texts_));
  ring_.cancel(owner_.send);
  ring_.fail_send(7, ECANCELED);
  ring_.turn();
  ring_.cancel(owner_.send);
  EXPECT_THAT(owner_.log, ElementsAre("sent 2", "send error 125"));
  EXPECT_THAT(ring_.actions(), ElementsAre("send 7 11", "cancel send 7", "send 7 11", "cancel send 7"));
}

TEST_F(FakeRingTest, AcceptsAndRecordsTheEnd) {
  ring_.accept(owner_.accept, 3, FakeRing::Accepting::any);
  ring_.complete_accept(3, 7);
  ring_.fail_accept(3, EMFILE);
  ring_.turn();
  EXPECT_THAT(owner_.log, ElementsAre("accepted 7, more", "accept error 24"));
  EXPECT_FALSE(ring_.half_closed(7));
  ring_.half_close(7);
  EXPECT_TRUE(ring_.half_closed(7));
  ring_.close(7, true);
  EXPECT_TRUE(ring_.closed(7));
  EXPECT_TRUE(ring_.reset(7));
  EXPECT_THAT(ring_.actions(), ElementsAre("accept 3", "half-close 7", "reset 7"));
}

TEST_F(FakeRingTest, ADescriptorMayBeGivenOutAgain) {
  ring_.accept(owner_.accept, 3, FakeRing::Accepting::any);
  ring_.complete_accept(3, 7);
  ring_.turn();
  ring_.close(7, false);
  ring_.complete_accept(3, 7);
  ring_.turn();
  EXPECT_FALSE(ring_.closed(7));
  ring_.receive(owner_.receive, 7, true);
}

TEST_F(FakeRingTest, CompletesByItselfWhenToldSo) {
  ring_.automatic = {.sends = true, .send_bytes_max = 3, .cancels = true};
  ring_.receive(owner_.receive, 7, true);
  ring_.send(owner_.send, 7, pieces_of(texts_));
  ring_.cancel(owner_.receive);
  ring_.settle();
  EXPECT_THAT(owner_.log, ElementsAre("receive error 125", "sent 3"));
  EXPECT_EQ(ring_.held_count(), 0u);
}

TEST_F(FakeRingTest, AHandlerMayAskForTheSameOperationAgain) {
  owner_.on_receive = [&] {
    if (!owner_.receive.in_kernel()) ring_.receive(owner_.receive, 7, false);
  };
  ring_.receive(owner_.receive, 7, true);
  ring_.fail_receive(7, ENOBUFS);
  ring_.turn();
  EXPECT_TRUE(ring_.receiving(7));
  EXPECT_FALSE(ring_.waits_first(7));
}

TEST_F(FakeRingTest, CountsWakes) {
  FakeRing other;
  ring_.wake(other);
  EXPECT_EQ(other.woken(), 1);
  EXPECT_EQ(ring_.woken(), 0);
}

using FakeRingDeathTest = FakeRingTest;

TEST_F(FakeRingDeathTest, AssertsWhatItsUsersMustKeep) {
  Recorder other;
  const auto pieces = pieces_of(texts_);
  ring_.receive(owner_.receive, 7, true);
  ring_.send(owner_.send, 7, pieces);
  EXPECT_DEATH(ring_.receive(owner_.receive, 9, true), "asked for twice");
  EXPECT_DEATH(ring_.send(other.send, 7, pieces), "two of one kind");
  EXPECT_DEATH(ring_.send(other.send, 9, {}), "a send of nothing");
  EXPECT_DEATH(ring_.close(7, false), "closed while the kernel held");
  ring_.close(8, false);
  EXPECT_DEATH(ring_.send(other.send, 8, pieces), "used after close");
  EXPECT_DEATH(ring_.close(8, false), "closed twice");
  EXPECT_DEATH(ring_.half_close(8), "half-closed after close");
  EXPECT_DEATH(ring_.half_close(7), "half-closed while the kernel held its send");
  texts_[0][0] = 'J';
  EXPECT_DEATH(ring_.complete_send(7), "changed while the kernel held them");
  texts_[0][0] = 'h';
}

TEST_F(FakeRingDeathTest, AssertsWhatTheTestMustKeep) {
  EXPECT_DEATH(ring_.complete_receive(7, "x"), "not asked for");
  ring_.receive(owner_.receive, 7, true);
  ring_.end_of_stream(7);
  EXPECT_DEATH(ring_.complete_receive(7, "x"), "after its last completion");
}

}  // namespace
}  // namespace fakes
