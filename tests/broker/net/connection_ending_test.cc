// SPDX-License-Identifier: Apache-2.0
// How a connection ends: finish() and abort().
#include "connection_fixture.h"

namespace broker::net {
namespace {

using proto::Reason;
using testing::ElementsAre;
using testing::IsEmpty;

using ConnectionFinishes = ConnectionFixture;

TEST_F(ConnectionFinishes, AfterAllIsSentAndThePeerHasEndedToo) {
  start();
  send("goodbye");
  connection->finish(Reason::answered);
  EXPECT_EQ(connection->state(), State::finishing);
  connection->flush();
  EXPECT_FALSE(ring.half_closed(fd));
  complete_send(3);
  EXPECT_FALSE(ring.half_closed(fd));
  complete_send();
  EXPECT_EQ(ring.sent(fd), "goodbye");
  EXPECT_TRUE(ring.half_closed(fd));
  EXPECT_EQ(connection->state(), State::drained);
  EXPECT_THAT(stream.deaths, IsEmpty());
  end_of_stream();
  expect_closed(Reason::answered);
  EXPECT_EQ(stream.ends, 0) << "the stream has finished before";
}

TEST_F(ConnectionFinishes, AsksForTheFlushThatItNeeds) {
  start();
  connection->finish(Reason::answered);
  EXPECT_EQ(stream.progress, 1);
}

TEST_F(ConnectionFinishes, AndQueuesNothingMore) {
  start();
  connection->finish(Reason::answered);
  connection->send_answer("a");
  connection->send_control("b");
  connection->send_shared(SharedBytesRef::make({.bytes = "c"}));
  EXPECT_TRUE(connection->queue().empty());
  connection->flush();
  EXPECT_EQ(connection->state(), State::drained);
}

TEST_F(ConnectionFinishes, WithoutOfferingWhatStillComes) {
  start();
  connection->finish(Reason::answered);
  receive("too late", false);
  EXPECT_TRUE(ring.receiving(fd)) << "the peer's end must be seen";
  connection->flush();
  receive("later still", false);
  ring.fail_receive(fd, ENOBUFS);
  ring.turn();
  EXPECT_THAT(stream.offered, IsEmpty());
  end_of_stream();
  expect_closed(Reason::answered);
}

TEST_F(ConnectionFinishes, AtOnceWhenThePeerHasEndedBefore) {
  start();
  end_of_stream();
  send("answer");
  connection->finish(Reason::answered);
  complete_send();
  expect_closed(Reason::answered);
}

TEST_F(ConnectionFinishes, WhenThePeerEndsWhileItFlushes) {
  start();
  send("answer");
  connection->finish(Reason::answered);
  end_of_stream();
  EXPECT_EQ(stream.ends, 0);
  EXPECT_EQ(connection->state(), State::finishing);
  complete_send();
  EXPECT_EQ(ring.sent(fd), "answer");
  expect_closed(Reason::answered);
}

TEST_F(ConnectionFinishes, WhileItsReadingIsPaused) {
  start();
  connection->pause_reading();
  ring.fail_receive(fd, ECANCELED);
  ring.turn();
  connection->finish(Reason::answered);
  EXPECT_TRUE(ring.receiving(fd)) << "the peer's end must be seen";
  connection->flush();
  end_of_stream();
  expect_closed(Reason::answered);
}

TEST_F(ConnectionFinishes, WhileTheCancelOfAPauseIsPending) {
  start();
  connection->pause_reading();
  connection->finish(Reason::answered);
  ring.fail_receive(fd, ECANCELED);
  ring.turn();
  EXPECT_TRUE(ring.receiving(fd));
  connection->flush();
  connection->pause_reading();
  connection->resume_reading();
  EXPECT_FALSE(ring.cancelled(fd, Type::receive)) << "nobody else reads any more";
  end_of_stream();
  expect_closed(Reason::answered);
}

TEST_F(ConnectionFinishes, FromInsideOnBytes) {
  start();
  stream.taking = [&](std::string_view text) {
    connection->send_answer("no");
    connection->finish(Reason::bad_request);
    return text.size() / 2;
  };
  receive("hello", false);
  connection->flush();
  EXPECT_EQ(ring.pending(fd), "no");
  EXPECT_TRUE(ring.receiving(fd));
  receive("more");
  EXPECT_EQ(stream.offered.size(), 1u);
}

TEST_F(ConnectionFinishes, FromInsideOnBytesOfWhatWasKept) {
  start();
  connection->pause_reading();
  receive(std::string(100, 'x'), false);
  stream.taking = [&](std::string_view text) {
    connection->finish(Reason::bad_request);
    return text.size();
  };
  connection->resume_reading();
  EXPECT_EQ(stream.offered.size(), 1u);
  EXPECT_EQ(connection->state(), State::finishing);
}

TEST_F(ConnectionFinishes, PausedFromInsideOnBytesWithoutArmingTwice) {
  start();
  stream.taking = [&](std::string_view) {
    connection->pause_reading();
    connection->finish(Reason::bad_request);
    return 0;
  };
  receive("hello", false);
  EXPECT_TRUE(ring.receiving(fd));
}

TEST_F(ConnectionFinishes, OnlyOnceAndWithTheFirstReason) {
  start();
  connection->finish(Reason::answered);
  connection->finish(Reason::slow_consumer);
  connection->flush();
  end_of_stream();
  expect_closed(Reason::answered);
}

TEST_F(ConnectionFinishes, EndsWithAnErrorThatComesMeanwhile) {
  start();
  connection->finish(Reason::answered);
  connection->flush();
  ring.fail_receive(fd, ECONNRESET);
  ring.turn();
  expect_closed(Reason::peer_reset);
}

using ConnectionAborts = ConnectionFixture;

TEST_F(ConnectionAborts, AndClosesOnlyWhenTheKernelHoldsNothing) {
  for (const bool send_first : {false, true}) {
    fakes::FakeRing another;
    NotingServices lent(another);
    NotingStream told;
    Connection one(lent, told, fd, nullptr);
    one.start();
    one.send_answer("hello");
    one.flush();
    one.abort(Reason::close_timeout);
    EXPECT_TRUE(another.cancelled(fd, Type::receive));
    EXPECT_TRUE(another.cancelled(fd, Type::send));
    if (send_first)
      another.fail_send(fd, ECANCELED);
    else
      another.fail_receive(fd, ECANCELED);
    another.turn();
    EXPECT_EQ(one.state(), State::closing);
    EXPECT_FALSE(another.closed(fd));
    if (send_first)
      another.fail_receive(fd, ECANCELED);
    else
      another.fail_send(fd, ECANCELED);
    another.turn();
    EXPECT_TRUE(another.closed(fd));
    EXPECT_FALSE(another.reset(fd));
    EXPECT_THAT(told.deaths, ElementsAre(Reason::close_timeout));
  }
}

TEST_F(ConnectionAborts, AtOnceWhereTheKernelHoldsNothing) {
  start();
  end_of_stream();
  EXPECT_FALSE(ring.receiving(fd));
  connection->abort(Reason::peer_closed);
  expect_closed(Reason::peer_closed);
}

TEST_F(ConnectionAborts, WithDataAndASendOnTheirWay) {
  start();
  send("hello");
  ring.complete_receive(fd, "late");
  ring.complete_send(fd, 2);
  connection->abort(Reason::close_timeout, true);
  ring.turn();
  EXPECT_EQ(connection->state(), State::closing);
  EXPECT_THAT(stream.offered, IsEmpty());
  connection->flush();
  EXPECT_FALSE(ring.sending(fd)) << "nothing is armed while it closes";
  end_of_stream();
  expect_closed(Reason::close_timeout, true);
  EXPECT_EQ(stream.ends, 0);
}

TEST_F(ConnectionAborts, FromInsideOnBytes) {
  start();
  stream.taking = [&](std::string_view) {
    connection->abort(Reason::protocol_error);
    return 1;
  };
  receive("hello");
  EXPECT_EQ(connection->state(), State::closing);
  join();
  expect_closed(Reason::protocol_error);
}

TEST_F(ConnectionAborts, FromInsideTheLastBytesOfAReceive) {
  start();
  stream.taking = [&](std::string_view) {
    connection->abort(Reason::protocol_error);
    return 1;
  };
  receive("hello", false);
  expect_closed(Reason::protocol_error);
}

TEST_F(ConnectionAborts, FromInsideOnEnd) {
  start();
  stream.ending = [&] { connection->abort(Reason::peer_closed); };
  end_of_stream();
  expect_closed(Reason::peer_closed);
}

TEST_F(ConnectionAborts, OnceOnly) {
  start();
  connection->abort(Reason::close_timeout);
  connection->abort(Reason::going_away, true);
  connection->finish(Reason::answered);
  join();
  expect_closed(Reason::close_timeout);
  connection->abort(Reason::going_away, true);
  connection->flush();
  connection->pause_reading();
  connection->resume_reading();
  expect_closed(Reason::close_timeout);
}

TEST_F(ConnectionAborts, BeforeItWasStarted) {
  connection = std::make_unique<Connection>(services, stream, fd, nullptr);
  connection->abort(Reason::going_away);
  expect_closed(Reason::going_away);
}

}  // namespace
}  // namespace broker::net
