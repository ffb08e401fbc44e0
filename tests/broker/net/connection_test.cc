// SPDX-License-Identifier: Apache-2.0
#include "broker/net/connection.h"

#include <sys/socket.h>

#include "connection_fixture.h"

namespace broker::net {
namespace {

using proto::Reason;
using testing::ElementsAre;
using testing::IsEmpty;

using ConnectionReceives = ConnectionFixture;

TEST_F(ConnectionReceives, WaitsForTheFirstBytesOfAFreshSocket) {
  start();
  EXPECT_TRUE(ring.receiving(fd));
  EXPECT_TRUE(ring.waits_first(fd));
}

TEST_F(ConnectionReceives, OffersWhatComes) {
  start();
  receive("hello");
  receive(" world");
  EXPECT_EQ(stream.taken, "hello world");
  EXPECT_EQ(connection->receives(), 2u);
}

TEST_F(ConnectionReceives, ArmsAgainWhenTheKernelHasEndedTheMultishotReceive) {
  start();
  receive("hello", false);
  EXPECT_TRUE(ring.receiving(fd));
  EXPECT_FALSE(ring.waits_first(fd)) << "there may be more already";
  receive("again");
  EXPECT_EQ(stream.taken, "helloagain");
}

TEST_F(ConnectionReceives, ArmsAgainWhenTheBuffersRanOut) {
  start();
  ring.fail_receive(fd, ENOBUFS);
  ring.turn();
  EXPECT_TRUE(ring.receiving(fd));
  EXPECT_EQ(connection->state(), State::open);
  EXPECT_EQ(stream.ends, 0) << "it is not an end of stream";
}

TEST_F(ConnectionReceives, FindsTheEndThatWantOfBuffersHid) {
  start();
  ring.fail_receive(fd, ENOBUFS);
  ring.turn();
  end_of_stream();
  EXPECT_EQ(stream.ends, 1);
  EXPECT_FALSE(ring.receiving(fd));
}

TEST_F(ConnectionReceives, LooksBehindTheFirstBytesForAResetThatWakesNobody) {
  ring.automatic.cancels = true;
  start();
  receive("GET / HT");
  ring.turn();
  EXPECT_TRUE(ring.receiving(fd));
  EXPECT_FALSE(ring.waits_first(fd)) << "it must look";
  ring.forget_actions();
  receive("TP/1.1");
  EXPECT_THAT(ring.actions(), IsEmpty()) << "what is sent meets a later one";
}

TEST_F(ConnectionReceives, LooksForNoResetWhereTheAnswerMeetsIt) {
  start();
  stream.taking = [&](std::string_view text) {
    connection->send_answer("HTTP/1.1 200 OK");
    return text.size();
  };
  receive("GET / HTTP/1.1");
  EXPECT_FALSE(ring.cancelled(fd, Type::receive));
}

TEST_F(ConnectionReceives, OffersWhatWasNotTakenAgainWithWhatComesBehindIt) {
  start();
  stream.taking = [](std::string_view text) { return text.rfind(';') + 1; };
  receive("a;b");
  receive("c");
  receive(";d");
  EXPECT_THAT(stream.offered, ElementsAre("a;b", "bc", "bc;d"));
  EXPECT_EQ(stream.taken, "a;bc;");
}

TEST_F(ConnectionReceives, EndsWithEveryErrorButThoseOfItsOwnMaking) {
  for (const int error : {ECONNRESET, EPIPE, ETIMEDOUT, EHOSTUNREACH}) {
    fakes::FakeRing another;
    NotingServices lent(another);
    NotingStream told;
    Connection one(lent, told, fd, nullptr);
    one.start();
    another.fail_receive(fd, error);
    another.turn();
    EXPECT_EQ(one.state(), State::dead);
    EXPECT_THAT(told.deaths, ElementsAre(Reason::peer_reset)) << error;
    EXPECT_TRUE(another.closed(fd));
  }
}

TEST_F(ConnectionReceives, TellsOfTheEndOnceAndStaysOpenForTheAnswer) {
  start();
  receive("question");
  end_of_stream();
  EXPECT_EQ(stream.ends, 1);
  EXPECT_FALSE(ring.receiving(fd));
  send("answer");
  complete_send();
  EXPECT_EQ(ring.sent(fd), "answer");
  connection->finish(Reason::answered);
  connection->flush();
  expect_closed(Reason::answered);
}

using ConnectionPauses = ConnectionFixture;

TEST_F(ConnectionPauses, CancelsTheReceiveAndArmsItAgainWhenItGoesOn) {
  start();
  connection->pause_reading();
  EXPECT_TRUE(ring.cancelled(fd, Type::receive));
  ring.fail_receive(fd, ECANCELED);
  ring.turn();
  EXPECT_FALSE(ring.receiving(fd));
  connection->resume_reading();
  EXPECT_TRUE(ring.receiving(fd));
  receive("hello");
  EXPECT_EQ(stream.taken, "hello");
}

TEST_F(ConnectionPauses, KeepsWhatWasOnItsWay) {
  start();
  connection->pause_reading();
  receive("one ");
  receive("two");
  EXPECT_THAT(stream.offered, IsEmpty());
  ring.fail_receive(fd, ECANCELED);
  ring.turn();
  connection->resume_reading();
  EXPECT_THAT(stream.offered, ElementsAre("one two"));
}

TEST_F(ConnectionPauses, GoesOnWhileTheCancelIsPending) {
  start();
  connection->pause_reading();
  receive("one ");
  connection->resume_reading();
  EXPECT_TRUE(ring.receiving(fd));
  receive("two ");
  ring.fail_receive(fd, ECANCELED);
  ring.turn();
  EXPECT_TRUE(ring.receiving(fd)) << "the cancel was ours; we want to hear more";
  receive("three");
  EXPECT_EQ(stream.taken, "one two three");
}

TEST_F(ConnectionPauses, StandsStillWhenPausedAgainWhileTheFirstCancelIsPending) {
  start();
  connection->pause_reading();
  connection->resume_reading();
  connection->pause_reading();
  receive("kept");
  ring.fail_receive(fd, ECANCELED);
  ring.turn();
  EXPECT_FALSE(ring.receiving(fd));
  EXPECT_THAT(stream.offered, IsEmpty());
  connection->resume_reading();
  EXPECT_EQ(stream.taken, "kept");
}

TEST_F(ConnectionPauses, FromInsideOnBytesKeepsTheRest) {
  start();
  stream.taking = [&](std::string_view) {
    connection->pause_reading();
    return 2;
  };
  receive("abcd", false);
  EXPECT_FALSE(ring.receiving(fd));
  stream.taking = nullptr;
  connection->resume_reading();
  EXPECT_THAT(stream.offered, ElementsAre("abcd", "cd"));
  EXPECT_TRUE(ring.receiving(fd));
}

TEST_F(ConnectionPauses, AgainWhileItIsOfferedWhatWasKept) {
  start();
  connection->pause_reading();
  receive("abcd", false);
  stream.taking = [&](std::string_view) {
    connection->pause_reading();
    return 1;
  };
  connection->resume_reading();
  EXPECT_TRUE(connection->reading_paused());
  EXPECT_FALSE(ring.receiving(fd));
  connection->resume_reading();
  stream.taking = nullptr;
  connection->resume_reading();
  EXPECT_EQ(stream.taken, "abcd");
  EXPECT_TRUE(ring.receiving(fd));
}

TEST_F(ConnectionPauses, AndGoesOnInOneBreathWithoutArmingTwice) {
  start();
  stream.taking = [&](std::string_view text) {
    connection->pause_reading();
    connection->resume_reading();
    return text.size();
  };
  receive("hello", false);
  EXPECT_TRUE(ring.receiving(fd));
}

TEST_F(ConnectionPauses, HearsOfTheEndBehindWhatWasKept) {
  start();
  connection->pause_reading();
  receive("last words");
  end_of_stream();
  EXPECT_EQ(stream.ends, 0);
  stream.ending = [&] { EXPECT_EQ(stream.taken, "last words"); };
  connection->resume_reading();
  EXPECT_EQ(stream.taken, "last words");
  EXPECT_EQ(stream.ends, 1);
  EXPECT_FALSE(ring.receiving(fd));
  connection->pause_reading();
  connection->resume_reading();
  EXPECT_EQ(stream.ends, 1);
}

TEST_F(ConnectionPauses, HearsOfTheEndWhenTheStreamHasTakenAllOfWhatWasKept) {
  start();
  connection->pause_reading();
  receive("abcd");
  end_of_stream();
  stream.taking = [&](std::string_view) {
    connection->pause_reading();
    return 2;
  };
  connection->resume_reading();
  EXPECT_EQ(stream.ends, 0) << "there is more to come before it";
  stream.taking = nullptr;
  connection->resume_reading();
  EXPECT_EQ(stream.taken, "abcd");
  EXPECT_EQ(stream.ends, 1);
}

TEST_F(ConnectionPauses, EndsAtOnceWithAnErrorMeanwhile) {
  start();
  connection->pause_reading();
  ring.fail_receive(fd, ECONNRESET);
  ring.turn();
  expect_closed(Reason::peer_reset);
}

using ConnectionSends = ConnectionFixture;

TEST_F(ConnectionSends, AllThatIsPendingInOneSend) {
  start();
  connection->send_answer("one ");
  connection->send_shared(SharedBytesRef::make({.bytes = "two ", .use = SharedBytes::Use::delivery}));
  connection->send_answer("three");
  EXPECT_FALSE(ring.sending(fd)) << "not before the flush";
  connection->flush();
  EXPECT_EQ(ring.pending(fd), "one two three");
  connection->flush();
  EXPECT_TRUE(connection->send_in_flight());
  complete_send();
  EXPECT_THAT(stream.left, ElementsAre("one ", "two ", "three"));
  EXPECT_FALSE(ring.sending(fd));
  EXPECT_EQ(connection->sends(), 1u);
}

TEST_F(ConnectionSends, OnBehindAShortSendAtEveryLength) {
  start();
  const std::string all = "one two three";
  for (std::size_t first = 1; first < all.size(); ++first) {
    connection->send_shared(SharedBytesRef::make({.bytes = all.substr(0, 4), .use = SharedBytes::Use::delivery}));
    connection->send_answer(all.substr(4, 4));
    connection->send_shared(SharedBytesRef::make({.bytes = all.substr(8), .use = SharedBytes::Use::replay}));
    connection->flush();
    const int progress = stream.progress;
    complete_send(first);
    EXPECT_EQ(stream.progress, progress + 1) << "which asks for a flush";
    EXPECT_EQ(ring.pending(fd), all.substr(first));
    complete_send();
    EXPECT_EQ(ring.take_sent(fd), all);
    EXPECT_TRUE(connection->queue().empty());
  }
}

TEST_F(ConnectionSends, ByteByByte) {
  start();
  connection->send_answer("hello");
  connection->flush();
  while (ring.sending(fd)) complete_send(1);
  EXPECT_EQ(ring.sent(fd), "hello");
}

TEST_F(ConnectionSends, WhatCameUpDuringASendWithTheNext) {
  start();
  send("one");
  connection->send_answer("two");
  connection->send_control("ping");
  connection->flush();
  EXPECT_EQ(ring.pending(fd), "one");
  complete_send();
  EXPECT_EQ(ring.pending(fd), "pingtwo");
  complete_send();
  EXPECT_EQ(ring.sent(fd), "onepingtwo");
}

TEST_F(ConnectionSends, AMillionBytesInShares) {
  start();
  const std::string large(1'000'000, 'x');
  for (int i = 0; i < 20; ++i) {
    connection->send_shared(
        SharedBytesRef::make({.bytes = large.substr(0, 50'000), .use = SharedBytes::Use::delivery}));
  }
  connection->flush();
  ring.automatic.sends = true;
  ring.automatic.send_bytes_max = 70'000;
  while (ring.sending(fd)) {
    EXPECT_LE(ring.pending(fd).size(), config::limits::send_bytes);
    ring.turn();
    connection->flush();
  }
  EXPECT_EQ(ring.sent(fd), large);
}

TEST_F(ConnectionSends, NothingMoreAfterAnError) {
  for (const int error : {EPIPE, ECONNRESET, ETIMEDOUT}) {
    fakes::FakeRing another;
    NotingServices lent(another);
    NotingStream told;
    Connection one(lent, told, fd, nullptr);
    one.start();
    one.send_answer("hello");
    one.flush();
    another.fail_send(fd, error);
    another.turn();
    EXPECT_EQ(one.state(), State::closing);
    EXPECT_FALSE(another.closed(fd)) << "the kernel holds the receive";
    one.flush();
    EXPECT_FALSE(another.sending(fd));
    another.fail_receive(fd, ECANCELED);
    another.turn();
    EXPECT_THAT(told.deaths, ElementsAre(Reason::peer_reset));
    EXPECT_TRUE(another.closed(fd));
  }
}

}  // namespace
}  // namespace broker::net
