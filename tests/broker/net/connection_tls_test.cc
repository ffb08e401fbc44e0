// SPDX-License-Identifier: Apache-2.0
#include "connection_fixture.h"
#include "tls_server.h"

namespace broker::net {
namespace {

using proto::Reason;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class TlsConnection : public ConnectionFixture {
 protected:
  TlsConnection() { start(std::make_unique<Tls>(context)); }

  // As a shard does: what is due is driven, what can be sent is sent, in pieces of at most `piece_bytes`.
  void exchange(std::size_t piece_bytes = SIZE_MAX) {
    for (int idle = 0; idle < 2;) {
      ++idle;
      const std::string from_client = client.take_sent();
      if (!from_client.empty() && ring.receiving(fd)) {
        ring.complete_receive(fd, from_client);
        idle = 0;
      }
      services.next_turn();
      ring.turn();
      for (Connection* due : std::exchange(services.due, {})) due->drive_handshake();
      connection->flush();
      while (ring.sending(fd)) {
        ring.complete_send(fd, piece_bytes);
        ring.turn();
        connection->flush();
        idle = 0;
      }
      client.receive(ring.take_sent(fd));
      if (!client.handshake_done()) (void)client.shake_hands();
      heard += client.read();
    }
  }

  TlsContext context = make_context();
  TlsClient client;
  std::string heard;  // by the client
};

TEST_F(TlsConnection, IsSecuredByAHandshakeThatTheShardDrives) {
  EXPECT_FALSE(connection->secured());
  (void)client.shake_hands();
  receive(client.take_sent());
  EXPECT_THAT(services.due, ElementsAre(connection.get()));
  EXPECT_TRUE(connection->awaits_turn());
  EXPECT_FALSE(connection->secured()) << "nothing is done out of turn";
  connection->flush();
  EXPECT_FALSE(ring.sending(fd));
  connection->drive_handshake();
  EXPECT_FALSE(connection->awaits_turn());
  services.due.clear();
  connection->flush();
  EXPECT_TRUE(ring.sending(fd));
  exchange();
  EXPECT_TRUE(connection->secured());
  EXPECT_EQ(stream.secured, 1);
}

TEST_F(TlsConnection, IsDueOnceHoweverManyPiecesTheHandshakeComesIn) {
  (void)client.shake_hands();
  const std::string hello = client.take_sent();
  for (const char byte : hello) receive({&byte, 1});
  EXPECT_EQ(services.due.size(), 1u);
  exchange();
  EXPECT_TRUE(connection->secured());
}

TEST_F(TlsConnection, CarriesDataBothWaysInShortSendsOfEverySize) {
  exchange();
  std::string said;
  std::string answered;
  for (std::size_t piece = 1; piece < 120; piece += 7) {
    client.write("question");
    said += "question";
    connection->send_shared(SharedBytesRef::make({.bytes = "delivery", .use = SharedBytes::Use::delivery}));
    connection->send_answer("answer");
    answered += "deliveryanswer";
    exchange(piece);
    EXPECT_EQ(stream.taken, said);
    EXPECT_EQ(heard, answered);
    EXPECT_TRUE(connection->queue().empty());
  }
  EXPECT_EQ(stream.left.size(), 34u);
}

TEST_F(TlsConnection, CarriesWhatIsLargerThanItSealsAtATime) {
  exchange();
  const std::string large(5 * config::limits::seal_bytes + 123, 'x');
  connection->send_shared(SharedBytesRef::make({.bytes = large, .use = SharedBytes::Use::delivery}));
  connection->send_answer("behind it");
  connection->flush();
  EXPECT_LT(ring.pending(fd).size(), config::limits::seal_bytes + 4096) << "what is sealed can no longer be dropped";
  exchange(10'000);
  EXPECT_EQ(heard, large + "behind it");
  EXPECT_THAT(stream.left, ElementsAre(large, "behind it"));
}

TEST_F(TlsConnection, SealsSeveralEntriesInOneRecord) {
  exchange();
  for (int i = 0; i < 10; ++i) {
    connection->send_shared(SharedBytesRef::make({.bytes = "delivery", .use = SharedBytes::Use::delivery}));
  }
  connection->flush();
  EXPECT_THAT(record_types(ring.pending(fd)), ElementsAre(record_of_application));
  exchange();
}

TEST_F(TlsConnection, LetsAnEntryGoWhenAllOfItsRecordHasLeft) {
  exchange();
  connection->send_answer("answer");
  connection->flush();
  const std::size_t record = ring.pending(fd).size();
  complete_send(record - 1);
  EXPECT_THAT(stream.left, IsEmpty());
  EXPECT_EQ(connection->queue().bytes(), 6u);
  complete_send();
  EXPECT_THAT(stream.left, ElementsAre("answer"));
}

TEST_F(TlsConnection, OffersWhatCameWithTheHandshakesEnd) {
  (void)client.shake_hands();
  receive(client.take_sent());
  connection->drive_handshake();
  services.due.clear();
  connection->flush();
  complete_send();
  client.receive(ring.take_sent(fd));
  ASSERT_EQ(client.shake_hands(), "");
  client.write("at once");
  receive(client.take_sent());
  EXPECT_THAT(stream.offered, IsEmpty());
  connection->drive_handshake();
  services.due.clear();
  EXPECT_EQ(stream.secured, 1);
  EXPECT_THAT(stream.offered, ElementsAre("at once"));
}

// A client that is ahead of its handshake's turn, by more than is kept for it.
class TlsConnectionAhead : public TlsConnection {
 protected:
  TlsConnectionAhead() {
    (void)client.shake_hands();
    receive(client.take_sent());
    drive();
    complete_send();
    client.receive(ring.take_sent(fd));
    EXPECT_EQ(client.shake_hands(), "");
    client.write(request);
    sent = client.take_sent();
    receive(sent.substr(0, config::limits::handshake_bytes_max - 1));
    EXPECT_FALSE(ring.cancelled(fd, Type::receive));
    receive(sent.substr(config::limits::handshake_bytes_max - 1, 1));
    EXPECT_TRUE(ring.cancelled(fd, Type::receive));
  }
  void drive() {
    for (Connection* due : std::exchange(services.due, {})) due->drive_handshake();
    connection->flush();
  }

  const std::string request = std::string(3 * config::limits::handshake_bytes_max, 'r');
  std::string sent;
};

TEST_F(TlsConnectionAhead, IsReadAgainAfterItsTurn) {
  ring.fail_receive(fd, ECANCELED);
  ring.turn();
  EXPECT_FALSE(ring.receiving(fd));
  drive();
  ASSERT_TRUE(ring.receiving(fd));
  receive(sent.substr(config::limits::handshake_bytes_max));
  EXPECT_EQ(stream.taken, request);
}

TEST_F(TlsConnectionAhead, IsReadAgainWhenTheCancelComesAfterItsTurn) {
  receive(sent.substr(config::limits::handshake_bytes_max, 100));  // was on its way
  drive();
  ring.fail_receive(fd, ECANCELED);
  ring.turn();
  ASSERT_TRUE(ring.receiving(fd));
  receive(sent.substr(config::limits::handshake_bytes_max + 100));
  EXPECT_EQ(stream.taken, request);
}

TEST_F(TlsConnectionAhead, IsSeenToEndWhenItIsToldToGo) {
  ring.fail_receive(fd, ECANCELED);
  ring.turn();
  connection->finish(Reason::going_away);
  connection->flush();
  ASSERT_TRUE(ring.receiving(fd));
  end_of_stream();
  expect_closed(Reason::going_away);
  drive();
}

TEST_F(TlsConnection, KeepsPlaintextThatIsNotTaken) {
  exchange();
  stream.taking = [](std::string_view text) { return text.rfind(';') + 1; };
  client.write("a;b");
  exchange();
  client.write("c;");
  exchange();
  EXPECT_THAT(stream.offered, ElementsAre("a;b", "bc;"));
}

TEST_F(TlsConnection, TellsPlainHttpThatThisIsTheTlsPort) {
  receive("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_EQ(services.due.size(), 1u);
  std::exchange(services.due, {}).front()->drive_handshake();
  connection->flush();
  complete_send();
  EXPECT_THAT(ring.sent(fd), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(ring.sent(fd), HasSubstr("plain HTTP was sent to the TLS port"));
  EXPECT_TRUE(ring.half_closed(fd));
  EXPECT_THAT(stream.offered, IsEmpty());
  end_of_stream();
  expect_closed(Reason::plain_http_on_tls);
}

TEST_F(TlsConnection, AnswersGarbageWithAnAlertBeforeItsFin) {
  receive(std::string("\x16\x03\x01\x00\x05hello world", 16));
  ASSERT_EQ(services.due.size(), 1u);
  std::exchange(services.due, {}).front()->drive_handshake();
  EXPECT_EQ(connection->state(), State::finishing);
  connection->flush();
  EXPECT_THAT(record_types(ring.pending(fd)), ElementsAre(record_of_alert));
  EXPECT_FALSE(ring.half_closed(fd));
  complete_send();
  EXPECT_TRUE(ring.half_closed(fd));
  end_of_stream();
  expect_closed(Reason::tls_error);
}

TEST_F(TlsConnection, AnswersABrokenRecordWithAnAlert) {
  exchange();
  client.write("to be broken");
  std::string record = client.take_sent();
  record.back() = static_cast<char>(record.back() ^ 1);
  receive(record);
  EXPECT_THAT(stream.offered, IsEmpty());
  EXPECT_EQ(connection->state(), State::finishing);
  connection->flush();
  ASSERT_TRUE(ring.sending(fd));
  complete_send();
  client.receive(ring.take_sent(fd));
  (void)client.read();
  EXPECT_THAT(client.error(), HasSubstr("alert"));
  end_of_stream();
  expect_closed(Reason::tls_error);
}

TEST_F(TlsConnection, CutsOffWhatItCannotSealAnyMoreBehindTheAlert) {
  exchange();
  connection->send_answer("never sealed");
  client.write("to be broken");
  std::string record = client.take_sent();
  record.back() = static_cast<char>(record.back() ^ 1);
  receive(record);
  connection->flush();
  const std::string alert = ring.pending(fd);
  EXPECT_FALSE(alert.empty());
  complete_send();
  EXPECT_EQ(ring.sent(fd).substr(ring.sent(fd).size() - alert.size()), alert);
  join();
  expect_closed(Reason::tls_error);
}

TEST_F(TlsConnection, SaysCloseNotifyBehindWhatIsQueuedAndBeforeItsFin) {
  exchange();
  connection->send_answer("goodbye");
  connection->finish(Reason::answered);
  connection->flush();
  EXPECT_FALSE(ring.half_closed(fd));
  complete_send();
  ASSERT_TRUE(ring.sending(fd)) << "close_notify";
  EXPECT_FALSE(ring.half_closed(fd));
  complete_send(1);
  EXPECT_FALSE(ring.half_closed(fd));
  complete_send();
  EXPECT_TRUE(ring.half_closed(fd));
  client.receive(ring.take_sent(fd));
  EXPECT_EQ(client.read(), "goodbye");
  EXPECT_EQ(client.error(), "close_notify");
  end_of_stream();
  expect_closed(Reason::answered);
}

TEST_F(TlsConnection, TakesThePeersCloseNotifyForItsEndOnce) {
  exchange();
  client.write("last words");
  SSL_shutdown(client.ssl());
  stream.ending = [&] { EXPECT_EQ(stream.taken, "last words"); };
  receive(client.take_sent());
  EXPECT_EQ(stream.ends, 1);
  end_of_stream();
  EXPECT_EQ(stream.ends, 1);
  send("answer");
  EXPECT_TRUE(ring.sending(fd)) << "it may still read";
  complete_send();
  connection->finish(Reason::peer_closed);
  connection->flush();
  complete_send();
  expect_closed(Reason::peer_closed);
}

TEST_F(TlsConnection, OffersWhatWasKeptBeforeThePeersCloseNotify) {
  exchange();
  connection->pause_reading();
  client.write("last words");
  SSL_shutdown(client.ssl());
  receive(client.take_sent());
  EXPECT_EQ(stream.ends, 0);
  connection->resume_reading();
  EXPECT_EQ(stream.taken, "last words");
  EXPECT_EQ(stream.ends, 1);
}

TEST_F(TlsConnection, EndsWhileItsHandshakeIsDue) {
  (void)client.shake_hands();
  receive(client.take_sent());
  connection->abort(Reason::handshake_timeout);
  join();
  expect_closed(Reason::handshake_timeout);
  EXPECT_TRUE(connection->awaits_turn()) << "it is still on the shard's list, which outlives it otherwise";
  connection->drive_handshake();
  EXPECT_FALSE(connection->awaits_turn());
  EXPECT_EQ(stream.progress, 0);
}

TEST_F(TlsConnection, EndsWithThePeerInTheMiddleOfTheHandshake) {
  (void)client.shake_hands();
  receive(client.take_sent());
  end_of_stream();
  EXPECT_EQ(stream.ends, 1);
  connection->finish(Reason::peer_closed);
  connection->flush();
  expect_closed(Reason::peer_closed);
  connection->drive_handshake();
}

TEST_F(TlsConnection, FinishesBeforeTheHandshakeWithoutWords) {
  connection->finish(Reason::going_away);
  connection->flush();
  EXPECT_FALSE(ring.sending(fd));
  EXPECT_TRUE(ring.half_closed(fd));
  end_of_stream();
  expect_closed(Reason::going_away);
}

}  // namespace
}  // namespace broker::net
