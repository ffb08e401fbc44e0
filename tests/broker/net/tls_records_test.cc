// SPDX-License-Identifier: Apache-2.0
#include "broker/net/tls_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <functional>
#include <numeric>
#include <random>

#include "absl/strings/escaping.h"
#include "config/limits.h"
#include "tls_record_peer.h"

namespace broker::net {
namespace {

namespace limits = config::limits;
using Result = TlsRecords::Result;
using Type = TlsContentType;
using testing::HasSubstr;

const TlsSuites& suites() {
  static const TlsSuites made;
  return made;
}

constexpr std::uint16_t aes_128_gcm_sha256 = 0x1301;  // RFC 8446 §B.4
constexpr std::uint16_t chacha20_poly1305_sha256 = 0x1303;

struct Secrets : TrafficSecrets {
  explicit Secrets(std::uint64_t sealed = 0) {
    std::iota(client.begin(), client.end(), std::uint8_t{1});
    std::iota(server.begin(), server.end(), std::uint8_t{101});
    records_sealed = sealed;
  }
};

struct Server {
  explicit Server(const TrafficSecrets& secrets, std::uint16_t suite = aes_128_gcm_sha256,
                  std::size_t plaintext_max = tls_plaintext_bytes_max)
      : records(*suites().find(suite), secrets, plaintext_max) {}

  Result open(std::string_view ciphertext, std::size_t piece_bytes = 1 << 20) {
    Result result = Result::ok;
    for (; !ciphertext.empty(); ciphertext.remove_prefix(std::min(piece_bytes, ciphertext.size()))) {
      const std::string_view piece = ciphertext.substr(0, piece_bytes);
      result = records.open(
          {reinterpret_cast<const std::uint8_t*>(piece.data()), piece.size()}, scratch, this,
          [](void* self, std::span<std::uint8_t> bytes) {
            auto& server = *static_cast<Server*>(self);
            server.plaintext.append(bytes.begin(), bytes.end());
            ++server.handed_over;
          },
          output);
    }
    return result;
  }
  void seal(const std::vector<std::string>& texts) {
    std::vector<iovec> pieces;
    for (const std::string& text : texts) pieces.push_back({const_cast<char*>(text.data()), text.size()});
    records.seal(pieces, output);
  }
  std::string take_output() { return std::exchange(output, {}); }

  TlsRecords records;
  std::vector<std::uint8_t> scratch = std::vector<std::uint8_t>(tls_inner_bytes_max);
  std::string output;
  std::string plaintext;
  int handed_over = 0;
};

// In this order, which `+` does not promise: each record takes the next number.
std::string joined(std::initializer_list<std::string> records) {
  return std::accumulate(records.begin(), records.end(), std::string());
}

struct Pair {
  explicit Pair(std::uint16_t suite = aes_128_gcm_sha256, std::uint64_t sealed = 0)
      : secrets(sealed), server(secrets, suite), peer(*suites().find(suite), secrets) {}
  Secrets secrets;
  Server server;
  TlsRecordPeer peer;
};

std::vector<OpenedRecord> data(std::initializer_list<std::string> texts) {
  std::vector<OpenedRecord> records;
  for (const std::string& text : texts) records.push_back({Type::application_data, text});
  return records;
}

TEST(TlsSuites, AreTheThreeOfTls13) {
  for (const std::uint16_t id : std::initializer_list<std::uint16_t>{0, 0x1300, 0x1304, 0xc02f, 0xffff})
    EXPECT_EQ(suites().find(id), nullptr) << id;
  EXPECT_EQ(suites().find(0x1302)->secret_bytes(), 48u);
  EXPECT_EQ(suites().find(0x1302)->key_bytes(), 32u);
}

// RFC 8448 §3, from the ticket's record on: the server's first record.
TEST(TlsRecords, AreThoseOfRfc8448) {
  const auto bytes = [](const char* hex) { return absl::HexStringToBytes(hex); };
  TrafficSecrets secrets;
  const std::string client = bytes("9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5");
  const std::string server_secret = bytes("a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643");
  std::copy(client.begin(), client.end(), secrets.client.begin());
  std::copy(server_secret.begin(), server_secret.end(), secrets.server.begin());
  secrets.records_sealed = 1;
  Server server(secrets);
  std::string payload(50, '\0');
  std::iota(payload.begin(), payload.end(), '\0');

  EXPECT_EQ(server.open(bytes("1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a"
                              "20441e2b62974e1f5a6292a2977014bd1e3deae63aeebb21694915e4")),
            Result::ok);
  EXPECT_EQ(server.plaintext, payload);
  server.seal({payload});
  EXPECT_EQ(server.take_output(),
            bytes("17030300432e937e11ef4ac740e538ad36005fc4a46932fc3225d05f82aa1b36e30efaf97d90e6dffc602dcb501a59a8"
                  "fcc49c4bf2e5f0a21c0047c2abf332540dd032e167c2955d"));
  EXPECT_EQ(server.open(bytes("1703030013c9872760655666b74d7ff1153efd6db6d0b0e3")), Result::closed);
  server.records.close_notify(server.output);
  EXPECT_EQ(server.take_output(), bytes("1703030013b58fd67166ebf599d24720cfbe7efa7a8864a9"));
}

TEST(TlsRecords, AreTakenInPiecesOfEverySize) {
  for (std::uint16_t suite = aes_128_gcm_sha256; suite <= chacha20_poly1305_sha256; ++suite) {
    std::size_t bytes = 1;
    for (std::size_t split = 0; split <= bytes; ++split) {
      Pair pair(suite);
      const std::string sent = joined({pair.peer.seal(Type::application_data, "first"), pair.peer.update_key(true),
                                       pair.peer.seal(Type::application_data, ""), pair.peer.seal(23, "second", 3)});
      bytes = sent.size();
      pair.server.records.set_busy(split % 2 == 0);
      pair.server.open(sent.substr(0, split));
      ASSERT_EQ(pair.server.open(sent.substr(split)), Result::ok) << split;
      ASSERT_EQ(pair.server.plaintext, "firstsecond") << split;
      Pair cut(suite);
      const std::string again = joined({cut.peer.seal(Type::application_data, "first"), cut.peer.update_key(false),
                                        cut.peer.seal(Type::application_data, "second")});
      ASSERT_EQ(cut.server.open(again, split + 1), Result::ok);
      ASSERT_EQ(cut.server.plaintext, "firstsecond") << split;
    }
  }
}

TEST(TlsRecords, SmallOnesAreHandedOverTogetherAndLargeOnesWhole) {
  Pair pair;
  std::string sent;
  for (int i = 0; i < 100; ++i) sent += pair.peer.seal(Type::application_data, "small");
  ASSERT_EQ(pair.server.open(sent), Result::ok);
  EXPECT_EQ(pair.server.handed_over, 1);
  const std::string large(tls_plaintext_bytes_max, 'l');
  sent = joined({pair.peer.seal(Type::application_data, large), pair.peer.seal(Type::application_data, large)});
  ASSERT_EQ(pair.server.open(sent), Result::ok);
  EXPECT_EQ(pair.server.handed_over, 3);
  EXPECT_EQ(pair.server.plaintext.size(), 500 + 2 * large.size());
}

TEST(TlsRecords, HoldWhatIsSealed) {
  for (std::uint16_t suite = aes_128_gcm_sha256; suite <= chacha20_poly1305_sha256; ++suite) {
    Pair pair(suite, 7);
    for (const bool busy : {false, true, false}) {
      pair.server.records.set_busy(busy);
      pair.server.seal({"one", "", "two"});
      EXPECT_EQ(pair.peer.open(pair.server.take_output()), data({"onetwo"}));
      pair.server.seal({std::string(tls_plaintext_bytes_max - 1, 'a'), "bc"});
      EXPECT_EQ(pair.peer.open(pair.server.take_output()),
                data({std::string(tls_plaintext_bytes_max - 1, 'a') + "b", "c"}));
      pair.server.seal({});
      pair.server.seal({"", ""});
      EXPECT_EQ(pair.server.output, "");
    }
  }
}

TEST(TlsRecords, AreAsSmallAsThePeerWants) {
  const Secrets secrets;
  Server server(secrets, aes_128_gcm_sha256, 512);
  TlsRecordPeer peer(*suites().find(aes_128_gcm_sha256), secrets);
  server.seal({std::string(1'000, 'a'), std::string(25, 'b')});
  EXPECT_EQ(peer.open(server.output), data({std::string(512, 'a'), std::string(488, 'a') + std::string(24, 'b'), "b"}));
}

TEST(TlsRecords, GetANewKeyBeforeTheOldOneIsWorn) {
  Pair pair(aes_128_gcm_sha256, limits::tls_records_per_key - 1);
  pair.server.records.set_busy(true);
  pair.server.seal({"last"});
  pair.server.seal({"first"});
  pair.server.seal({"second"});
  const OpenedRecord update{Type::handshake, std::string("\x18\0\0\1\0", 5)};
  EXPECT_THAT(pair.peer.open(pair.server.output),
              testing::Optional(testing::ElementsAre(OpenedRecord{Type::application_data, "last"}, update,
                                                     OpenedRecord{Type::application_data, "first"},
                                                     OpenedRecord{Type::application_data, "second"})));
}

TEST(TlsRecords, AnswerAKeyUpdateOnceAndWithTheNextData) {
  Pair pair;
  ASSERT_EQ(pair.server.open(joined({pair.peer.update_key(true), pair.peer.update_key(true)})), Result::ok);
  EXPECT_EQ(pair.server.output, "");
  pair.server.seal({"data"});
  const OpenedRecord update{Type::handshake, std::string("\x18\0\0\1\0", 5)};
  EXPECT_THAT(pair.peer.open(pair.server.take_output()),
              testing::Optional(testing::ElementsAre(update, OpenedRecord{Type::application_data, "data"})));
  ASSERT_EQ(pair.server.open(joined({pair.peer.update_key(false), pair.peer.seal(Type::application_data, "x")})),
            Result::ok);
  pair.server.seal({"more"});
  EXPECT_EQ(pair.peer.open(pair.server.take_output()), data({"more"}));
}

TEST(TlsRecords, TakeAKeyUpdateInFragments) {
  Pair pair;
  std::string sent;
  for (const char byte : std::string("\x18\0\0\1\1", 5)) sent += pair.peer.seal(Type::handshake, std::string(1, byte));
  pair.peer.use_next_key();
  ASSERT_EQ(pair.server.open(sent + pair.peer.seal(Type::application_data, "x")), Result::ok);
  EXPECT_EQ(pair.server.plaintext, "x");
}

TEST(TlsRecords, BoundKeyUpdatesThatCarryNothing) {
  Pair pair;
  for (int i = 0; i < 100; ++i) {
    std::string sent;
    for (int k = 0; k < limits::tls_key_updates_in_a_row; ++k) sent += pair.peer.update_key(false);
    ASSERT_EQ(pair.server.open(sent + pair.peer.seal(Type::application_data, "x")), Result::ok);
  }
  std::string sent;
  for (int k = 0; k <= limits::tls_key_updates_in_a_row; ++k) {
    sent += pair.peer.seal(Type::application_data, "");
    sent += pair.peer.update_key(false);
  }
  EXPECT_EQ(pair.server.open(sent), Result::error);
  EXPECT_THAT(pair.server.records.error(), HasSubstr("too many key updates"));
}

TEST(TlsRecords, ListenToAlerts) {
  struct Case {
    std::string alert;
    Result result;
    std::string_view error;
  };
  for (const Case& c :
       {Case{std::string("\1\0", 2), Result::closed, ""}, Case{std::string("\2\0", 2), Result::closed, ""},
        Case{"\1\x5a", Result::ok, ""}, Case{"\2\x2a", Result::error, "bad certificate"},
        Case{"\1\x2a", Result::error, "bad certificate"}, Case{"\2\xfe", Result::error, "unknown"}}) {
    Pair pair;
    const std::string sent =
        joined({pair.peer.seal(Type::application_data, "before"), pair.peer.seal(Type::alert, c.alert),
                pair.peer.seal(Type::application_data, "behind")});
    EXPECT_EQ(pair.server.open(sent), c.result) << absl::CHexEscape(c.alert);
    EXPECT_EQ(pair.server.plaintext, c.result == Result::ok ? "beforebehind" : "before");
    EXPECT_THAT(std::string(pair.server.records.error()), HasSubstr(std::string(c.error)));
    EXPECT_EQ(pair.server.output, "") << "an alert has no answer";
  }
}

TEST(TlsRecords, ThatAreWrongEndItWithAnAlertBehindWhatWasGood) {
  using Build = std::function<std::string(TlsRecordPeer&)>;
  struct Case {
    const char* name;
    std::uint8_t alert;
    Build build;
  };
  const auto handshake = [](std::string content) -> Build {
    return [content](TlsRecordPeer& peer) { return peer.seal(Type::handshake, content); };
  };
  const auto raw = [](std::string header) -> Build {
    return [header](TlsRecordPeer&) { return header + std::string(20, 'x'); };
  };
  const std::string key_update("\x18\0\0\1\0", 5);
  const std::vector<Case> cases{
      {"a changed tag", SSL_AD_BAD_RECORD_MAC,
       [](TlsRecordPeer& peer) {
         std::string record = peer.seal(Type::application_data, "bad");
         record.back() = static_cast<char>(record.back() ^ 1);
         return record;
       }},
      {"a changed header", SSL_AD_BAD_RECORD_MAC,
       [](TlsRecordPeer& peer) {
         std::string record = peer.seal(Type::application_data, "bad");
         record[2] = 4;
         return record;
       }},
      {"a record left out", SSL_AD_BAD_RECORD_MAC,
       [](TlsRecordPeer& peer) {
         return peer.seal(Type::application_data, "1"), peer.seal(Type::application_data, "2");
       }},
      {"a record twice", SSL_AD_BAD_RECORD_MAC,
       [](TlsRecordPeer& peer) {
         const std::string record = peer.seal(Type::application_data, "");
         return record + record;
       }},
      {"the old key behind an update", SSL_AD_BAD_RECORD_MAC,
       [key_update](TlsRecordPeer& peer) {
         return joined({peer.seal(Type::handshake, key_update), peer.seal(Type::application_data, "x")});
       }},
      {"a plain alert", SSL_AD_UNEXPECTED_MESSAGE, raw(std::string("\x15\3\3\0\x14", 5))},
      {"a plain change of cipher", SSL_AD_UNEXPECTED_MESSAGE, raw(std::string("\x14\3\3\0\1", 5))},
      {"HTTP", SSL_AD_UNEXPECTED_MESSAGE, raw("GET / HTTP/1.1\r\n\r\n")},
      {"another version", SSL_AD_PROTOCOL_VERSION, raw(std::string("\x17\2\0\0\x14", 5))},
      {"a length too long", SSL_AD_RECORD_OVERFLOW, raw(std::string("\x17\3\3\x40\x12", 5))},
      {"no room for a content type", SSL_AD_DECODE_ERROR, raw(std::string("\x17\3\3\0\x10", 5))},
      {"no length", SSL_AD_DECODE_ERROR, raw(std::string("\x17\3\3\0\0", 5))},
      {"padding alone", SSL_AD_UNEXPECTED_MESSAGE,
       [](TlsRecordPeer& peer) { return peer.seal_inner(std::string(9, '\0')); }},
      {"a content type that is none", SSL_AD_UNEXPECTED_MESSAGE,
       [](TlsRecordPeer& peer) { return peer.seal(99, "x"); }},
      {"a change of cipher within", SSL_AD_UNEXPECTED_MESSAGE, [](TlsRecordPeer& peer) { return peer.seal(20, "\1"); }},
      {"an alert of one byte", SSL_AD_DECODE_ERROR, [](TlsRecordPeer& peer) { return peer.seal(Type::alert, "\1"); }},
      {"two alerts in one", SSL_AD_DECODE_ERROR,
       [](TlsRecordPeer& peer) { return peer.seal(Type::alert, std::string("\1\0\1\0", 4)); }},
      {"an empty handshake", SSL_AD_UNEXPECTED_MESSAGE, handshake("")},
      {"a ClientHello", SSL_AD_UNEXPECTED_MESSAGE, handshake("\1")},
      {"a certificate", SSL_AD_UNEXPECTED_MESSAGE, handshake("\x0b")},
      {"a long key update", SSL_AD_DECODE_ERROR, handshake(std::string("\x18\0\0\2\0\0", 6))},
      {"a huge key update", SSL_AD_DECODE_ERROR, handshake(std::string("\x18\1\0\1", 4))},
      {"a key update that asks for what is not", SSL_AD_ILLEGAL_PARAMETER, handshake(std::string("\x18\0\0\1\2", 5))},
      {"two key updates in one record", SSL_AD_UNEXPECTED_MESSAGE, handshake(key_update + key_update)},
      {"data within a key update", SSL_AD_UNEXPECTED_MESSAGE,
       [key_update](TlsRecordPeer& peer) {
         return joined({peer.seal(Type::handshake, key_update.substr(0, 3)), peer.seal(Type::application_data, "x")});
       }},
  };
  for (const Case& c : cases) {
    for (const std::size_t piece_bytes : {1, 7, 100'000}) {
      Pair pair;
      const std::string sent = joined({pair.peer.seal(Type::application_data, "good"), c.build(pair.peer)});
      EXPECT_EQ(pair.server.open(sent, piece_bytes), Result::error) << c.name;
      EXPECT_EQ(pair.server.plaintext, "good") << c.name;
      EXPECT_NE(pair.server.records.error(), "") << c.name;
      EXPECT_EQ(ERR_peek_error(), 0u) << c.name;
      const std::string alert{'\2', static_cast<char>(c.alert)};
      EXPECT_THAT(pair.peer.open(pair.server.take_output()),
                  testing::Optional(testing::ElementsAre(OpenedRecord{Type::alert, alert})))
          << c.name << ", in pieces of " << piece_bytes;
      EXPECT_EQ(pair.server.open(pair.peer.seal(Type::application_data, "more")), Result::error) << c.name;
      EXPECT_EQ(pair.server.output, "") << c.name;
    }
  }
}

}  // namespace
}  // namespace broker::net
