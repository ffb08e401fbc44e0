// SPDX-License-Identifier: Apache-2.0
// Clients behind TLS: what the handshake, the records and close_notify add to a client's life.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "peer.h"
#include "tls_server.h"

namespace broker::shard {
namespace {

using net::TlsClient;
using proto::Reason;
using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

// A peer, with TLS between it and its socket.
class TlsPeer {
 public:
  TlsPeer(Shards& shards, net::TlsContext& context, std::size_t shard = 0)
      : socket(shards, shard, std::make_unique<net::Tls>(context)) {}

  // Both sides go on until nothing more is said; at most `at_most` bytes are taken at a time.
  void settles(std::size_t at_most = SIZE_MAX) {
    for (bool more = true; more;) {
      if (!tls.handshake_done()) (void)tls.shake_hands();
      const std::string sent = tls.take_sent();
      if (!sent.empty()) socket.sends(sent);
      socket.settles(at_most);
      const std::string came = socket.take();
      tls.receive(came);
      heard += tls.read();
      more = !sent.empty() || !came.empty();
    }
  }
  void sends(std::string_view plaintext) {
    if (!tls.handshake_done()) settles();
    tls.write(plaintext);
    settles();
  }
  std::string take() { return std::exchange(heard, {}); }

  Peer socket;
  TlsClient tls;
  std::string heard;
};

class ClientTls : public testing::Test {
 protected:
  std::uint64_t closes(Reason reason) { return shards[0].metrics.connections_closed[reason].value(); }
  std::uint64_t handshakes(base::TlsResult result) {
    return shards[0].metrics.tls_handshakes(base::TlsVersion::tls1_3, false, result).value();
  }
  std::int64_t connected(base::Transport transport) {
    std::int64_t sum = 0;
    for (std::size_t dialect = 0; dialect < std::size(shards.shared.dialects); ++dialect)
      sum += shards[0].metrics.connections(transport, dialect).value();
    return sum;
  }

  Shards shards;
  net::TlsContext context = net::make_context();
  TlsPeer peer{shards, context};
};

constexpr std::string_view publish = "POST /topics/t HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello";
constexpr std::string_view upgrade =
    "GET /topics/t HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

TEST_F(ClientTls, PublishesOverHttps) {
  peer.sends(publish);
  EXPECT_THAT(peer.take(), AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("\"offset\":1}")));
  EXPECT_EQ(connected(base::Transport::https), 1);
  EXPECT_EQ(handshakes(base::TlsResult::ok), 1u);
}

TEST_F(ClientTls, HearsOverWssWhatIsPublishedInTheClear) {
  peer.sends(upgrade);
  EXPECT_THAT(peer.take(), StartsWith("HTTP/1.1 101 "));
  EXPECT_EQ(connected(base::Transport::wss), 1);
  Peer backend(shards);
  backend.sends(publish);
  backend.settles();
  peer.settles();
  const std::vector<fakes::FrameSeen> frames = fakes::frames(peer.take());
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].payload, "hello");
}

// A cut anywhere in a record must neither lose nor repeat a byte.
TEST_F(ClientTls, HearsLongMessagesThroughANarrowSocket) {
  peer.sends(upgrade);
  (void)peer.take();
  std::vector<std::string> said;
  Peer backend(shards);
  for (int i = 0; i < 5; ++i) {
    said.push_back(std::string(50'000, static_cast<char>('a' + i)));
    backend.sends(absl::StrCat("POST /topics/t HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50000\r\n\r\n", said[i]));
    backend.settles();
  }
  peer.settles(999);
  std::vector<std::string> heard;
  for (auto& frame : fakes::frames(peer.take())) heard.push_back(std::move(frame.payload));
  EXPECT_EQ(heard, said);
}

TEST_F(ClientTls, ClosesAWebSocketWithCloseFrameCloseNotifyAndFin) {
  peer.sends(absl::StrCat(std::string(upgrade), masked(opcode_close, "\x03\xe8")));
  EXPECT_THAT(peer.take(), EndsWith("\x88\x02\x03\xe8"));
  EXPECT_EQ(peer.tls.error(), "close_notify");
  EXPECT_TRUE(peer.socket.sees_fin());
  peer.socket.ends_input();
  peer.settles();
  EXPECT_TRUE(peer.socket.closed());
  EXPECT_EQ(closes(Reason::peer_closed), 1u);
}

TEST_F(ClientTls, AnswersWhoSaysCloseNotifyBehindItsRequest) {
  peer.settles();
  peer.tls.write(publish);
  SSL_shutdown(peer.tls.ssl());
  peer.settles();
  EXPECT_THAT(peer.take(), AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("Connection: close")));
}

TEST_F(ClientTls, WaitsForAHandshakeNoLongerThanItsTime) {
  (void)peer.tls.shake_hands();
  peer.socket.sends(peer.tls.take_sent().substr(0, 20));
  shards.pass(shards.shared.options.settings.timeouts.handshake + 100ms);
  EXPECT_TRUE(peer.socket.closed());
  EXPECT_EQ(closes(Reason::handshake_timeout), 1u);
}

TEST_F(ClientTls, WaitsForTheHeadBehindTheHandshakeNoLongerThanItsTime) {
  peer.settles();
  ASSERT_TRUE(peer.tls.handshake_done());
  shards.pass(shards.shared.options.settings.timeouts.head + 100ms);
  peer.settles();
  EXPECT_EQ(peer.take(), "");
  EXPECT_EQ(peer.tls.error(), "close_notify");
  peer.socket.ends_input();
  peer.settles();
  EXPECT_EQ(closes(Reason::head_timeout), 1u);
}

TEST_F(ClientTls, CountsAHandshakeThatFails) {
  peer.socket.sends(std::string("\x16\x03\x01\x00\x05hello world", 16));
  peer.socket.settles();
  EXPECT_THAT(net::record_types(peer.socket.take()), ElementsAre(net::record_of_alert));
  peer.socket.ends_input();
  peer.socket.settles();
  EXPECT_EQ(closes(Reason::tls_error), 1u);
  EXPECT_EQ(handshakes(base::TlsResult::failed), 1u);
}

TEST_F(ClientTls, TellsPlainHttpWhereItIs) {
  peer.socket.sends("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  peer.socket.settles();
  EXPECT_THAT(peer.socket.take(), AllOf(StartsWith("HTTP/1.1 400 "), HasSubstr("https://")));
  peer.socket.ends_input();
  peer.socket.settles();
  EXPECT_EQ(closes(Reason::plain_http_on_tls), 1u);
}

}  // namespace
}  // namespace broker::shard
