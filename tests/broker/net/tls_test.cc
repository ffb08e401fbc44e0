// SPDX-License-Identifier: Apache-2.0
#include "broker/net/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <cstring>
#include <random>

#include "tls_server.h"

namespace broker::net {
namespace {

using testing::HasSubstr;

class TlsData : public TlsOfVersion {};
INSTANTIATE_TEST_SUITE_P(Versions, TlsData, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& of) { return of.param == TLS1_2_VERSION ? "Tls12" : "Tls13"; });

TEST_P(TlsData, CarriesDataBothWays) {
  Server server(context);
  TlsClient client(options());
  EXPECT_FALSE(server.tls.handshake_done());
  ASSERT_EQ(shake_hands(server, client), "");
  EXPECT_STREQ(server.tls.version(), GetParam() == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3");
  EXPECT_FALSE(server.tls.resumed());
  EXPECT_EQ(client.tickets(), 1);
  client.write("to the server");
  EXPECT_EQ(server.feed(client.take_sent()), Tls::Result::ok);
  EXPECT_EQ(server.plaintext, "to the server");
  ASSERT_TRUE(server.seal({"to the client"}));
  client.receive(server.take_output());
  EXPECT_EQ(client.read(), "to the client");
}

TEST_P(TlsData, TakesDataInPiecesOfEverySize) {
  Server server(context);
  TlsClient client(options());
  ASSERT_EQ(shake_hands(server, client), "");
  std::string expected;
  for (std::size_t piece_bytes = 1; piece_bytes <= 120; ++piece_bytes) {
    for (const char* text : {"x", "some more text that fills a record", ""}) {
      if (*text != '\0') client.write(text);
      expected += text;
    }
    ASSERT_EQ(server.feed_in_pieces(client.take_sent(), piece_bytes), Tls::Result::ok);
    ASSERT_EQ(server.plaintext, expected) << piece_bytes;
  }
}

TEST_P(TlsData, HandsOverManySmallRecordsAtOnce) {
  Server server(context);
  TlsClient client(options());
  ASSERT_EQ(shake_hands(server, client), "");
  for (int i = 0; i < 100; ++i) client.write("record");
  server.feed(client.take_sent());
  EXPECT_EQ(server.plaintext.size(), 600u);
  EXPECT_EQ(server.handed_over, 1);
}

TEST_P(TlsData, SealsSeveralFramesInOneRecord) {
  Server server(context);
  TlsClient client(options());
  ASSERT_EQ(shake_hands(server, client), "");
  ASSERT_TRUE(server.seal({"one", "", "two", "three"}));
  std::string output = server.take_output();
  EXPECT_THAT(record_types(output), testing::ElementsAre(record_of_application));
  client.receive(output);
  EXPECT_EQ(client.read(), "onetwothree");

  // 16 KiB and one byte, in pieces whose borders are not the records'.
  ASSERT_TRUE(server.seal({std::string(10'000, 'a'), std::string(6'000, 'b'), std::string(385, 'c')}));
  output = server.take_output();
  EXPECT_THAT(record_types(output), testing::ElementsAre(record_of_application, record_of_application));
  client.receive(output);
  EXPECT_EQ(client.read(), std::string(10'000, 'a') + std::string(6'000, 'b') + std::string(385, 'c'));
}

TEST_P(TlsData, SealsNothingIntoNothing) {
  Server server(context);
  TlsClient client(options());
  EXPECT_FALSE(server.seal({"too early"}));
  ASSERT_EQ(shake_hands(server, client), "");
  EXPECT_TRUE(server.seal({}));
  EXPECT_TRUE(server.seal({"", ""}));
  EXPECT_EQ(server.take_output(), "");
}

TEST_P(TlsData, Carries16MiBBothWaysBusyAndIdle) {
  std::mt19937 random(16);
  std::string large(16 << 20, '\0');
  for (std::size_t i = 0; i < large.size(); i += 4) {
    const std::uint32_t word = static_cast<std::uint32_t>(random());
    std::memcpy(large.data() + i, &word, 4);
  }
  Server server(context);
  TlsClient client(options());
  ASSERT_EQ(shake_hands(server, client), "");
  std::string got;
  constexpr std::size_t slice_bytes = 100'003;
  for (std::size_t at = 0; at < large.size(); at += slice_bytes) {
    server.tls.set_busy(at / slice_bytes % 3 == 0);
    const std::string slice = large.substr(at, slice_bytes);
    const std::size_t border = std::min<std::size_t>(20'007, slice.size());
    ASSERT_TRUE(server.seal({slice.substr(0, 7), slice.substr(7, 20'000), slice.substr(border)}));
    client.receive(server.take_output());
    got += client.read();
  }
  EXPECT_TRUE(got == large);
  for (std::size_t at = 0; at < large.size(); at += slice_bytes) {
    server.tls.set_busy(at / slice_bytes % 2 == 0);
    client.write(std::string_view(large).substr(at, slice_bytes));
    ASSERT_EQ(server.feed_in_pieces(client.take_sent(), 2048), Tls::Result::ok);
  }
  EXPECT_TRUE(server.plaintext == large);
}

TEST_P(TlsData, OutputStaysWhereItIsUntilConsumed) {
  Server server(context);
  TlsClient client(options());
  ASSERT_EQ(shake_hands(server, client), "");
  for (const bool busy : {false, true, true, false}) {
    server.tls.set_busy(busy);
    ASSERT_TRUE(server.seal({"first"}));
    const std::string_view held = server.tls.output();
    const std::string copy(held);
    ASSERT_TRUE(server.seal({std::string(100'000, 's')}));
    ASSERT_TRUE(server.seal({"third"}));
    server.tls.set_busy(!busy);
    server.tls.set_busy(busy);
    EXPECT_EQ(server.tls.output().data(), held.data());
    EXPECT_EQ(held, copy);
    server.tls.consume_output(4);
    EXPECT_EQ(server.tls.output(), std::string_view(copy).substr(4));
    client.receive(std::string_view(copy).substr(0, 4));
    client.receive(server.take_output());
    EXPECT_EQ(client.read(), "first" + std::string(100'000, 's') + "third");
  }
}

TEST_P(TlsData, SaysGoodbyeAndStillListens) {
  Server server(context);
  TlsClient client(options());
  ASSERT_EQ(shake_hands(server, client), "");
  ASSERT_TRUE(server.seal({"the last"}));
  server.tls.close_notify();
  server.tls.close_notify();
  EXPECT_FALSE(server.seal({"too late"}));
  client.receive(server.take_output());
  EXPECT_EQ(client.read(), "the last");
  EXPECT_EQ(client.error(), "close_notify");
  client.write("one more");
  EXPECT_EQ(server.feed(client.take_sent()), Tls::Result::ok);
  EXPECT_EQ(server.plaintext, "one more");
}

TEST_P(TlsData, HearsGoodbyeAndMayStillAnswer) {
  Server server(context);
  TlsClient client(options());
  ASSERT_EQ(shake_hands(server, client), "");
  client.write("question");
  SSL_shutdown(client.ssl());
  EXPECT_EQ(server.feed(client.take_sent()), Tls::Result::closed);
  EXPECT_EQ(server.plaintext, "question");
  EXPECT_EQ(server.feed("anything"), Tls::Result::closed);
  EXPECT_TRUE(server.seal({"answer"}));
  server.tls.close_notify();
  const std::string output = server.take_output();
  EXPECT_EQ(record_types(output).size(), 2u);
  client.receive(output);
  EXPECT_EQ(client.read(), "answer");
}

TEST_P(TlsData, SinkMaySealAndSayGoodbye) {
  struct Echo {
    Tls& tls;
    std::string scratch;
  };
  Server server(context);
  TlsClient client(options());
  ASSERT_EQ(shake_hands(server, client), "");
  client.write(std::string(40'000, 'e'));
  Echo echo{server.tls, ""};
  const std::string sent = client.take_sent();
  const auto result = server.tls.feed(bytes_of(sent), &echo, [](void* self, std::span<std::uint8_t> plaintext) {
    auto& e = *static_cast<Echo*>(self);
    const iovec piece{plaintext.data(), plaintext.size()};
    EXPECT_TRUE(e.tls.seal({&piece, 1}, e.scratch));
    if (plaintext.size() < 16384) e.tls.close_notify();
  });
  EXPECT_EQ(result, Tls::Result::ok);
  client.receive(server.take_output());
  EXPECT_EQ(client.read(), std::string(40'000, 'e'));
  EXPECT_EQ(client.error(), "close_notify");
}

TEST_P(TlsData, ABadRecordEndsItWithAnAlertBehindWhatWasGood) {
  Server server(context);
  TlsClient client(options());
  ASSERT_EQ(shake_hands(server, client), "");
  client.write("good");
  std::string sent = client.take_sent();
  client.write("bad");
  std::string bad = client.take_sent();
  bad.back() = static_cast<char>(bad.back() ^ 1);
  EXPECT_EQ(server.feed(sent + bad), Tls::Result::error);
  EXPECT_EQ(server.plaintext, "good");
  EXPECT_THAT(std::string(server.tls.error()), HasSubstr("decryption failed or bad record mac"));
  EXPECT_FALSE(server.seal({"no more"}));
  server.tls.close_notify();
  const std::string output = server.take_output();
  EXPECT_EQ(record_types(output).size(), 1u);
  client.receive(output);
  EXPECT_EQ(client.read(), "");
  EXPECT_THAT(client.error(), HasSubstr("alert bad record mac"));
  EXPECT_EQ(server.feed(sent), Tls::Result::error) << "for good";
  EXPECT_EQ(ERR_peek_error(), 0u) << "nothing is left for the next connection";
}

TEST_P(TlsData, OthersErrorsInTheQueueAreNotOurs) {
  Server server(context);
  TlsClient client(options());
  ASSERT_EQ(shake_hands(server, client), "");
  client.write("x");
  ERR_raise(ERR_LIB_USER, 1);
  EXPECT_EQ(server.feed(client.take_sent()), Tls::Result::ok);
  EXPECT_EQ(server.plaintext, "x");
}

TEST_P(TlsData, HeedsAClientThatWantsSmallRecords) {
  Server server(context);
  TlsClientOptions small = options();
  small.fragment_mode = TLSEXT_max_fragment_length_512;
  TlsClient client(small);
  ASSERT_EQ(shake_hands(server, client), "");
  ASSERT_TRUE(server.seal({std::string(2'000, 'a'), std::string(48, 'b')}));
  const std::string output = server.take_output();
  EXPECT_EQ(record_types(output).size(), 4u);
  client.receive(output);
  EXPECT_EQ(client.read(), std::string(2'000, 'a') + std::string(48, 'b'));
}

TEST(Tls, AnswersKeyUpdatesWithItsNextData) {
  TlsContext context = make_context();
  Server server(context);
  TlsClient client;
  ASSERT_EQ(shake_hands(server, client), "");
  for (int i = 0; i < 2'000; ++i) {
    ASSERT_EQ(SSL_key_update(client.ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
    client.write("x");
    ASSERT_EQ(server.feed(client.take_sent()), Tls::Result::ok);
    ASSERT_EQ(server.take_output(), "") << "who asks and does not read piles up nothing";
    if (i % 3 != 0) continue;
    ASSERT_TRUE(server.seal({"answer"}));
    client.receive(server.take_output());
    ASSERT_EQ(client.read(), "answer");
  }
  EXPECT_EQ(server.plaintext.size(), 2'000u);
}

// The record layer is ours from the handshake on, the client's is OpenSSL's.
TEST(Tls, CarriesRandomDataWithEveryCipherSuite) {
  std::mt19937 random(13);
  const auto below = [&](std::size_t end) { return static_cast<std::size_t>(random()) % end; };
  for (const char* suite : {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}) {
    TlsContext context = make_context();
    Server server(context);
    TlsClientOptions options;
    options.suites = suite;
    TlsClient client(options);
    ASSERT_EQ(shake_hands(server, client), "");
    ASSERT_STREQ(SSL_get_cipher_name(client.ssl()), suite);
    std::string sent;
    for (int round = 0; round < 400; ++round) {
      server.tls.set_busy(below(2) == 0);
      if (below(8) == 0) {
        SSL_key_update(client.ssl(), below(2) == 0 ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED);
      }
      SSL_set_block_padding(client.ssl(), 1 + below(2) * 511);
      const std::string text(1 + below(round % 20 == 0 ? 60'000 : 300), static_cast<char>('a' + round % 26));
      sent += text;
      client.write(text);
      ASSERT_EQ(server.feed_in_pieces(client.take_sent(), 1 + below(2'000)), Tls::Result::ok) << server.tls.error();
      const std::vector<std::string> answer{text.substr(0, text.size() / 2), text.substr(text.size() / 2), "!"};
      ASSERT_TRUE(server.seal(answer));
      client.receive(server.take_output());
      ASSERT_EQ(client.read(), text + "!");
    }
    EXPECT_TRUE(server.plaintext == sent);
  }
}

TEST(Tls, GoesOnBehindAHandshakeOfAnyCourse) {
  TlsContext context = make_context();
  const auto exchanges = [&](const TlsClientOptions& options, SSL_SESSION** session) {
    Server server(context);
    TlsClient client(options);
    EXPECT_EQ(shake_hands(server, client), "");
    EXPECT_TRUE(server.seal({"ping"}));
    client.receive(server.take_output());
    EXPECT_EQ(client.read(), "ping");
    client.write("pong");
    EXPECT_EQ(server.feed(client.take_sent()), Tls::Result::ok);
    EXPECT_EQ(server.plaintext, "pong");
    if (session != nullptr && client.session() != nullptr) *session = SSL_SESSION_dup(client.session());
    return server.tls.resumed();
  };
  TlsClientOptions retried;
  retried.groups = "P-521:P-256";  // the key share is of the first, which the server does not know: HelloRetryRequest
  EXPECT_FALSE(exchanges(retried, nullptr));

  TlsClientOptions split;  // the session ticket holds the name, and is longer than a record may be
  split.fragment_mode = TLSEXT_max_fragment_length_512;
  split.server_name = std::string(60, 'a') + "." + std::string(60, 'b') + "." + std::string(60, 'c') + "." +
                      std::string(60, 'd') + ".test";
  SSL_SESSION* session = nullptr;
  EXPECT_FALSE(exchanges(split, &session));
  ASSERT_NE(session, nullptr);
  split.session = session;
  EXPECT_TRUE(exchanges(split, nullptr));
  SSL_SESSION_free(session);

  TlsClientOptions without_tickets;
  without_tickets.without_tickets = true;
  EXPECT_FALSE(exchanges(without_tickets, nullptr));
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(Tls, AnIdleConnectionHoldsLittle) {
  constexpr std::size_t connections = 200;
  const auto heap = [] { return mallinfo2().uordblks + mallinfo2().hblkhd; };
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsContext context = make_context();
    std::vector<std::unique_ptr<Server>> servers(connections);
    const auto fill = [&](std::unique_ptr<Server>& server) {
      TlsClientOptions options;
      options.version_max = version;
      TlsClient client(options);
      server = std::make_unique<Server>(context);
      ASSERT_EQ(shake_hands(*server, client), "");
      server->tls.set_busy(true);
      ASSERT_TRUE(server->seal({std::string(20'000, 'x'), "y"}));
      server->take_output();
      client.write("hello");
      ASSERT_EQ(server->feed(client.take_sent()), Tls::Result::ok);
      server->tls.set_busy(false);
      std::string().swap(server->scratch);
    };
    fill(servers[0]);  // what OpenSSL keeps for all
    servers[0].reset();
    const std::size_t before = heap();
    for (auto& server : servers) fill(server);
    const std::size_t each = (heap() - before) / connections;
    RecordProperty(version == TLS1_2_VERSION ? "tls12_idle_bytes" : "tls13_idle_bytes", static_cast<int>(each));
    std::printf("%s: an idle connection holds %zu bytes\n", servers[0]->tls.version(), each);
    EXPECT_LT(each, version == TLS1_2_VERSION ? 16u * 1024 : 768u) << version;
  }
}
#endif

}  // namespace
}  // namespace broker::net
