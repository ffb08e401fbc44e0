// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tls_server.h"

namespace broker::net {
namespace {

using testing::HasSubstr;

class TlsHandshake : public TlsOfVersion {};
INSTANTIATE_TEST_SUITE_P(Versions, TlsHandshake, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& of) { return of.param == TLS1_2_VERSION ? "Tls12" : "Tls13"; });

TEST_P(TlsHandshake, TakesTheHandshakeSplitAtEveryByte) {
  // The client's flights differ in each handshake; their lengths may too, so each run asks anew.
  for (const int flight : {0, 1}) {
    for (std::size_t split = 1;; ++split) {
      Server server(context);
      TlsClient client(options());
      std::size_t flight_bytes = 0;
      for (int i = 0; i < 3; ++i) {
        ASSERT_EQ(client.shake_hands(), "");
        const std::string sent = client.take_sent();
        const std::size_t at = i == flight ? split : sent.size();
        if (i == flight) flight_bytes = sent.size();
        ASSERT_EQ(server.feed(std::string_view(sent).substr(0, at)), Tls::Result::ok);
        if (at < sent.size()) {
          ASSERT_EQ(server.feed(std::string_view(sent).substr(at)), Tls::Result::ok);
        }
        client.receive(server.take_output());
      }
      ASSERT_TRUE(server.tls.handshake_done()) << "flight " << flight << " split at " << split;
      ASSERT_TRUE(client.handshake_done());
      if (split + 1 >= flight_bytes) break;
    }
  }
}

TEST_P(TlsHandshake, TakesHandshakeAndDataByteByByte) {
  for (std::size_t piece_bytes : {1, 2, 3, 5, 64}) {
    Server server(context);
    TlsClient client(options());
    ASSERT_EQ(shake_hands(server, client, piece_bytes), "");
    client.write("a");
    client.write(std::string(300, 'b'));
    server.feed_in_pieces(client.take_sent(), piece_bytes);
    EXPECT_EQ(server.plaintext, "a" + std::string(300, 'b'));
  }
}

TEST_P(TlsHandshake, ResumesByTicketInAnotherContext) {
  const TicketKeys keys(start());
  TlsContext one = make_context(keys);
  TlsContext other = make_context(keys);
  Server first(one);
  TlsClient client(options());
  ASSERT_EQ(shake_hands(first, client), "");
  ASSERT_NE(client.session(), nullptr);

  const auto resumes = [&](TlsContext& at, SSL_SESSION* session) {
    Server server(at);
    TlsClientOptions with_session = options();
    with_session.session = SSL_SESSION_dup(session);  // a session of TLS 1.3 is spent by its use
    TlsClient again(with_session);
    SSL_SESSION_free(with_session.session);
    EXPECT_EQ(shake_hands(server, again), "");
    EXPECT_EQ(server.tls.resumed(), SSL_session_reused(again.ssl()) == 1);
    return server.tls.resumed();
  };
  EXPECT_TRUE(resumes(other, client.session()));
  other.advance(start() + TicketKeys::period - std::chrono::seconds(1));
  EXPECT_TRUE(resumes(other, client.session())) << "not due yet";
  other.advance(start() + TicketKeys::period);
  EXPECT_TRUE(resumes(other, client.session())) << "by the previous key";
  other.advance(start() + 2 * TicketKeys::period);
  EXPECT_FALSE(resumes(other, client.session())) << "that key is gone";

  TlsContext stranger = make_context(TicketKeys(start()));
  EXPECT_FALSE(resumes(stranger, client.session()));
}

TEST_P(TlsHandshake, CopiesOfTheKeysStayTheSameAsTimePasses) {
  const TicketKeys keys(start());
  TlsContext one = make_context(keys);
  TlsContext other = make_context(keys);
  one.advance(start() + 5 * TicketKeys::period);
  for (int i = 1; i <= 5; ++i) other.advance(start() + i * TicketKeys::period + std::chrono::minutes(i));
  Server first(one);
  TlsClient client(options());
  ASSERT_EQ(shake_hands(first, client), "");
  Server second(other);
  TlsClientOptions with_session = options();
  with_session.session = client.session();
  TlsClient again(with_session);
  ASSERT_EQ(shake_hands(second, again), "");
  EXPECT_TRUE(second.tls.resumed());
  EXPECT_EQ(again.tickets(), GetParam() == TLS1_3_VERSION ? 1 : 0) << "TLS 1.3 gives a fresh ticket each time";
}

TEST_P(TlsHandshake, NegotiatesHttp11) {
  struct Case {
    std::string offered;
    std::string chosen;
    std::string error;
  };
  for (const Case& c : {Case{"", "", ""}, Case{"\x08http/1.1", "http/1.1", ""},
                        Case{"\x02h2\x08http/1.1", "http/1.1", ""}, Case{"\x02h2", "", "no application protocol"}}) {
    Server server(context);
    TlsClientOptions with_protocols = options();
    with_protocols.protocols = c.offered;
    TlsClient client(with_protocols);
    EXPECT_THAT(shake_hands(server, client), HasSubstr(c.error)) << c.offered;
    EXPECT_EQ(server.tls.handshake_done(), c.error.empty());
    const unsigned char* chosen = nullptr;
    unsigned int chosen_bytes = 0;
    SSL_get0_alpn_selected(client.ssl(), &chosen, &chosen_bytes);
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(chosen), chosen_bytes), c.chosen);
  }
}

TEST_P(TlsHandshake, ADamagedHandshakeEndsItWithAnAlert) {
  Server server(context);
  TlsClient client(options());
  ASSERT_EQ(client.shake_hands(), "");
  std::string hello = client.take_sent();
  hello[5 + 38] = '\x7f';  // the length of the session id
  EXPECT_EQ(server.feed(hello), Tls::Result::error);
  EXPECT_FALSE(server.tls.error().empty());
  const std::string output = server.take_output();
  EXPECT_THAT(record_types(output), testing::ElementsAre(record_of_alert));
}

TEST(Tls, RefusesTls11) {
  TlsContext context = make_context();
  Server server(context);
  TlsClientOptions old;
  old.version_min = TLS1_1_VERSION;
  old.version_max = TLS1_1_VERSION;
  TlsClient client(old);
  ASSERT_EQ(client.shake_hands(), "");
  EXPECT_EQ(server.feed(client.take_sent()), Tls::Result::error);
  EXPECT_THAT(std::string(server.tls.error()), HasSubstr("unsupported protocol"));
  client.receive(server.take_output());
  EXPECT_THAT(client.shake_hands(), HasSubstr("alert protocol version"));
}

TEST(Tls, RefusesRenegotiationAndGoesOn) {
  TlsContext context = make_context();
  Server server(context);
  TlsClientOptions tls_1_2;
  tls_1_2.version_max = TLS1_2_VERSION;
  TlsClient client(tls_1_2);
  ASSERT_EQ(shake_hands(server, client), "");
  ASSERT_EQ(SSL_renegotiate(client.ssl()), 1);
  ASSERT_EQ(client.shake_hands(), "");
  EXPECT_EQ(server.feed(client.take_sent()), Tls::Result::ok);
  const std::string output = server.take_output();
  EXPECT_THAT(record_types(output), testing::ElementsAre(record_of_alert));
  client.receive(output);
  EXPECT_THAT(client.shake_hands(), HasSubstr("no renegotiation"));
}

TEST(Tls, BytesThatAreNoTlsAreAnErrorWithoutAnAnswer) {
  const std::string lower_case = "get / http/1.1\r\n\r\n";
  for (const std::string& garbage : {std::string(64, '\0'), std::string(64, '\xff'), lower_case}) {
    for (const std::size_t piece_bytes : {std::size_t{1}, garbage.size()}) {
      TlsContext context = make_context();
      Server server(context);
      EXPECT_EQ(server.feed_in_pieces(garbage, piece_bytes), Tls::Result::error);
      EXPECT_EQ(server.take_output(), "");
      EXPECT_EQ(server.plaintext, "");
    }
  }
}

TEST(Tls, NoticesPlainHttp) {
  TlsContext context = make_context();
  for (const char* request : {"GET / HTTP/1.1\r\n\r\n", "POST /x", "OPTIONS * HTTP/1.1", "PRI * HTTP/2.0"}) {
    Server at_once(context);
    EXPECT_EQ(at_once.feed(request), Tls::Result::plain_http) << request;
    EXPECT_EQ(at_once.take_output(), "");
    Server by_byte(context);
    EXPECT_EQ(by_byte.feed_in_pieces(request, 1), Tls::Result::plain_http);
    EXPECT_FALSE(by_byte.seal({"HTTP/1.1 400"}));
  }
  // Not in the midst of TLS, where any byte may come first.
  Server server(context);
  TlsClient client;
  ASSERT_EQ(shake_hands(server, client), "");
  EXPECT_EQ(server.feed("GET / HTTP/1.1\r\n\r\n"), Tls::Result::error);
}

std::string name_served(TlsClient& client) {
  char name[64] = "";
  X509* peer = SSL_get0_peer_certificate(client.ssl());
  if (peer != nullptr) X509_NAME_get_text_by_NID(X509_get_subject_name(peer), NID_commonName, name, sizeof name);
  return name;
}

TEST_P(TlsHandshake, ShowsANewCertificateToWhoComesAfterItsRenewal) {
  TlsContext own = make_context();
  Server live(own);
  TlsClient live_client(options());
  ASSERT_EQ(shake_hands(live, live_client), "");
  Server half_way(own);
  TlsClient half_way_client(options());
  ASSERT_EQ(half_way_client.shake_hands(), "");
  const std::string hello = half_way_client.take_sent();
  ASSERT_EQ(half_way.feed(hello.substr(0, hello.size() / 2)), Tls::Result::ok);
  {
    TemporaryDirectory directory;
    const CertificateFiles files = write_certificate(directory, "renewed", "DNS:localhost");
    const TlsIdentity::Loaded renewed =
        TlsIdentity::load(files.certificate, files.key, std::chrono::system_clock::now());
    ASSERT_NE(renewed.identity, nullptr) << renewed.error;
    const TlsIdentity* identity = renewed.identity.get();
    own.renew({&identity, 1});
    Server server(own);
    TlsClient client(options());
    ASSERT_EQ(shake_hands(server, client), "");
    EXPECT_EQ(name_served(client), "renewed");
    identity = identities().identity.get();
    own.renew({&identity, 1});  // and now nobody has the one in between but OpenSSL
    client.write("still there");
    server.feed(client.take_sent());
    EXPECT_EQ(server.plaintext, "still there");
  }
  live_client.write("as before");
  live.feed(live_client.take_sent());
  EXPECT_EQ(live.plaintext, "as before");
  ASSERT_EQ(half_way.feed(hello.substr(hello.size() / 2)), Tls::Result::ok);
  half_way_client.receive(half_way.take_output());
  ASSERT_EQ(shake_hands(half_way, half_way_client), "");
  EXPECT_EQ(name_served(half_way_client), "localhost");
}

TEST(Tls, ChoosesTheCertificateByName) {
  TemporaryDirectory directory;
  const CertificateFiles files = write_certificate(directory, "other", "DNS:*.example.org");
  const TlsIdentity::Loaded second = TlsIdentity::load(files.certificate, files.key, std::chrono::system_clock::now());
  ASSERT_NE(second.identity, nullptr) << second.error;
  const TlsIdentity* both[] = {identities().identity.get(), second.identity.get()};
  TlsContext context(both, TicketKeys(start()));
  struct Case {
    const char* asked;
    const char* served;
  };
  for (const Case& c : {Case{"", "localhost"}, Case{"localhost", "localhost"}, Case{"live.example.org", "other"},
                        Case{"LIVE.EXAMPLE.ORG", "other"}, Case{"unknown.test", "localhost"}}) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      Server server(context);
      TlsClientOptions options;
      options.version_max = version;
      options.server_name = c.asked;
      options.protocols = "\x02h2\x08http/1.1";
      TlsClient client(options);
      ASSERT_EQ(shake_hands(server, client), "") << c.asked;
      char name[64] = "";
      X509* peer = SSL_get0_peer_certificate(client.ssl());
      ASSERT_NE(peer, nullptr);
      X509_NAME_get_text_by_NID(X509_get_subject_name(peer), NID_commonName, name, sizeof name);
      EXPECT_STREQ(name, c.served) << c.asked;
      EXPECT_EQ(client.tickets(), 1);
    }
  }
}

TEST(Tls, ABrokenOffHandshakeCostsNothing) {
  TlsContext context = make_context();
  TlsClient client;
  ASSERT_EQ(client.shake_hands(), "");
  const std::string hello = client.take_sent();
  for (std::size_t bytes = 0; bytes < hello.size(); bytes += 11) {  // the sanitizer watches for what is left behind
    Server server(context);
    EXPECT_EQ(server.feed(std::string_view(hello).substr(0, bytes)), Tls::Result::ok);
    server.tls.close_notify();
    EXPECT_EQ(server.take_output(), "");
  }
}

}  // namespace
}  // namespace broker::net
