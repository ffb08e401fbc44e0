// SPDX-License-Identifier: Apache-2.0
// What a peer sends beyond its share of a turn waits for the next ones, in order, and nothing of it is lost.
#include "connection_fixture.h"

namespace broker::net {
namespace {

namespace limits = config::limits;

class ConnectionTurn : public ConnectionFixture {
 protected:
  // All in one turn, as many completions as it takes.
  void flood(std::string_view bytes) {
    ++services.turn;
    ring.complete_receive(fd, bytes);
    ring.turn();
  }
  static std::string numbered(std::size_t bytes) {
    std::string text;
    for (int i = 0; text.size() < bytes; ++i) text += std::to_string(i) + ",";
    return text;
  }
};

TEST_F(ConnectionTurn, TakesItsShareAndNoMore) {
  start();
  const std::string sent = numbered(5 * limits::input_bytes_per_turn / 2);
  flood(sent);
  EXPECT_EQ(stream.taken.size(), limits::input_bytes_per_turn);
  EXPECT_TRUE(connection->awaits_turn());
  EXPECT_TRUE(ring.cancelled(fd, Type::receive)) << "no more is wanted until this is done with";
  EXPECT_EQ(connection->kept_bytes(), sent.size() - limits::input_bytes_per_turn);
  services.next_turn();
  EXPECT_EQ(stream.taken.size(), 2 * limits::input_bytes_per_turn);
  services.next_turn();
  EXPECT_EQ(stream.taken, sent);
  EXPECT_FALSE(connection->awaits_turn());
  EXPECT_EQ(connection->kept_bytes(), 0u);
}

TEST_F(ConnectionTurn, AShareIsOfOneTurn) {
  start();
  for (int turn = 0; turn < 100; ++turn) flood(std::string(limits::receive_buffer_bytes, 'x'));
  EXPECT_EQ(stream.taken.size(), 100 * limits::receive_buffer_bytes);
  EXPECT_FALSE(connection->awaits_turn());
}

TEST_F(ConnectionTurn, TheEndIsToldBehindWhatWaits) {
  start();
  const std::string sent = numbered(2 * limits::input_bytes_per_turn);
  ++services.turn;
  ring.complete_receive(fd, sent);
  ring.end_of_stream(fd);
  ring.turn();
  EXPECT_EQ(stream.ends, 0);
  while (connection->awaits_turn()) services.next_turn();
  EXPECT_EQ(stream.taken, sent);
  EXPECT_EQ(stream.ends, 1);
}

TEST_F(ConnectionTurn, AStreamThatPausesMeanwhileGoesOnWhenItResumes) {
  start();
  const std::string sent = numbered(3 * limits::input_bytes_per_turn);
  flood(sent);
  connection->pause_reading();
  services.next_turn();
  EXPECT_EQ(stream.taken.size(), limits::input_bytes_per_turn) << "it is not read";
  connection->resume_reading();
  while (connection->awaits_turn()) services.next_turn();
  EXPECT_EQ(stream.taken, sent);
}

TEST_F(ConnectionTurn, WhoFinishesInLineStillSeesThePeersEnd) {
  start();
  flood(numbered(2 * limits::input_bytes_per_turn));
  connection->finish(proto::Reason::going_away);
  connection->flush();
  ring.fail_receive(fd, ECANCELED);
  ring.turn();
  services.next_turn();
  EXPECT_TRUE(ring.receiving(fd));
  end_of_stream();
  expect_closed(proto::Reason::going_away);
}

TEST_F(ConnectionTurn, WhoEndsInLineIsLetGo) {
  start();
  flood(numbered(2 * limits::input_bytes_per_turn));
  connection->abort(proto::Reason::going_away);
  join();
  EXPECT_EQ(connection->state(), State::dead);
  EXPECT_TRUE(connection->awaits_turn()) << "it is still on the shard's list";
  services.next_turn();
  EXPECT_FALSE(connection->awaits_turn());
}

}  // namespace
}  // namespace broker::net
