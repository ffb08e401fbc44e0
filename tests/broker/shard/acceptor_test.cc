// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/acceptor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_ring.h"

namespace broker::shard {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

struct NobodyWrites final : base::LogWake {
  void wake() noexcept override {}
};

class Accepting : public testing::Test, public Acceptor::Events {
 protected:
  void on_accepted(int accepted_fd, base::Listener listener) noexcept override {
    EXPECT_EQ(listener, base::Listener::https);
    accepted.push_back(accepted_fd);
  }
  void pass(std::chrono::milliseconds time) {
    now.steady += time;
    timers.advance(now.steady);
  }

  static constexpr int fd = 3;
  fakes::FakeRing ring;
  Now now{.steady = std::chrono::steady_clock::time_point(1000h)};
  base::TimerWheel timers{now.steady};
  base::ShardMetrics metrics;
  NobodyWrites wake;
  base::LogSink log{"test", base::LogLevel::warning, wake};
  Acceptor acceptor{ring, timers, now, metrics, log, *this, fd, base::Listener::https};
  std::vector<int> accepted;
};

TEST_F(Accepting, HandsOverEachConnection) {
  acceptor.start();
  ring.complete_accept(fd, 10);
  ring.complete_accept(fd, 11);
  ring.turn();
  EXPECT_THAT(accepted, ElementsAre(10, 11));
  EXPECT_EQ(metrics.connections_accepted[base::Listener::https].value(), 2u);
  ring.abandon();
}

TEST_F(Accepting, GoesOnWhenTheKernelHasEndedTheMultishotAccept) {
  acceptor.start();
  ring.complete_accept(fd, 10, false);
  ring.turn();
  EXPECT_TRUE(ring.accepting(fd));
  ring.fail_accept(fd, ECONNABORTED);
  ring.turn();
  EXPECT_TRUE(ring.accepting(fd));
  ring.abandon();
}

TEST_F(Accepting, WaitsAMomentWhenThereAreNoDescriptorsLeft) {
  for (const int error : {EMFILE, ENFILE, ENOMEM, ENOBUFS}) {
    acceptor.start();
    ring.fail_accept(fd, error);
    ring.turn();
    EXPECT_FALSE(ring.accepting(fd)) << "or it would spin";
    pass(200ms);
    EXPECT_TRUE(ring.accepting(fd));
    ring.abandon();
  }
  EXPECT_EQ(metrics.connections_rejected[proto::Reason::no_descriptors].value(), 4u);
  EXPECT_EQ(log.waiting(), 1u) << "said once, not four times";
}

TEST_F(Accepting, BeginsAnewWhenOtherSocketsAreWanted) {
  acceptor.accept_as(io::Ring::Accepting::descriptor);
  acceptor.start();
  EXPECT_TRUE(ring.accepts_descriptors(fd));
  acceptor.accept_as(io::Ring::Accepting::any);
  EXPECT_TRUE(ring.cancelled(fd, io::Operation::Type::accept));
  ring.complete_accept(fd, 10);  // was on its way
  ring.fail_accept(fd, ECANCELED);
  ring.turn();
  EXPECT_THAT(accepted, ElementsAre(10));
  EXPECT_TRUE(ring.accepting(fd));
  EXPECT_FALSE(ring.accepts_descriptors(fd));
  ring.forget_actions();
  acceptor.accept_as(io::Ring::Accepting::any);
  EXPECT_THAT(ring.actions(), testing::IsEmpty()) << "nothing changes";
  ring.abandon();
}

TEST_F(Accepting, StopsWhenTheKernelHasLetGo) {
  acceptor.start();
  acceptor.stop();
  EXPECT_TRUE(ring.cancelled(fd, io::Operation::Type::accept));
  EXPECT_FALSE(acceptor.stopped());
  ring.complete_accept(fd, 10);  // was on its way
  ring.turn();
  EXPECT_THAT(accepted, ElementsAre(10));
  ring.fail_accept(fd, ECANCELED);
  ring.turn();
  EXPECT_TRUE(acceptor.stopped());
  EXPECT_TRUE(ring.closed(fd));
  acceptor.stop();
}

TEST_F(Accepting, StopsWhileItWaitsForDescriptors) {
  acceptor.start();
  ring.fail_accept(fd, EMFILE);
  ring.turn();
  acceptor.stop();
  EXPECT_TRUE(acceptor.stopped());
  pass(1s);
  EXPECT_FALSE(ring.accepting(fd));
}

}  // namespace
}  // namespace broker::shard
