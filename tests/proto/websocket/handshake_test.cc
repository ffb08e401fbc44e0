// SPDX-License-Identifier: Apache-2.0
#include "proto/websocket/handshake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/uuid/detail/sha1.hpp>

namespace proto::websocket {
namespace {

using testing::ElementsAre;
constexpr const char* rfc_key = "dGhlIHNhbXBsZSBub25jZQ==";
using Headers = std::vector<std::pair<std::string, std::string>>;

void sha1(std::string_view in, unsigned char out[20]) {
  boost::uuids::detail::sha1 digest;
  digest.process_bytes(in.data(), in.size());
  unsigned int words[5];
  digest.get_digest(words);
  for (int i = 0; i < 20; ++i) out[i] = static_cast<unsigned char>(words[i / 4] >> (24 - 8 * (i % 4)));
}

// RFC 6455 §1.2's request, with changes: a header of that name replaced, left out when there are no values.
Headers headers_with(const std::string& name = "", const std::vector<std::string>& values = {}) {
  Headers headers = {{"host", "server.example.com"},
                     {"upgrade", "websocket"},
                     {"connection", "Upgrade"},
                     {"sec-websocket-key", rfc_key},
                     {"sec-websocket-version", "13"}};
  std::erase_if(headers, [&](const auto& header) { return header.first == name; });
  for (const std::string& value : values) headers.emplace_back(name, value);
  return headers;
}

std::variant<Handshake, Refusal> check(const Headers& headers, std::string_view method = "GET", int version_minor = 1) {
  const std::vector<std::pair<std::string_view, std::string_view>> views(headers.begin(), headers.end());
  return check_handshake({method, version_minor, views});
}

TEST(Handshake, TakesTheRfcsExample) {
  const Headers headers = headers_with("sec-websocket-protocol", {"chat, superchat"});
  const auto result = check(headers);
  ASSERT_TRUE(std::holds_alternative<Handshake>(result));
  EXPECT_EQ(std::get<Handshake>(result).key, rfc_key);
  EXPECT_THAT(std::get<Handshake>(result).offered, ElementsAre("chat", "superchat"));
}

TEST(Handshake, TakesEveryKey) {
  for (const std::string_view key : {"AAAAAAAAAAAAAAAAAAAAAA==", "/////////////////////w==", "+123456789abcdefghijkQ==",
                                     "ABCDEFGHIJKLMNOPQRSTUg=="}) {
    const Headers headers = headers_with("sec-websocket-key", {std::string(key)});
    EXPECT_TRUE(std::holds_alternative<Handshake>(check(headers))) << key;
  }
}

TEST(Handshake, TakesWhatBrowsersAndProxiesVary) {
  for (const Headers& headers :
       {headers_with("connection", {"keep-alive, Upgrade"}), headers_with("connection", {"keep-alive", "upgrade"}),
        headers_with("upgrade", {"WebSocket"}), headers_with("upgrade", {"h2c ,websocket"}),
        headers_with("content-length", {"0"}), headers_with("sec-websocket-extensions", {"permessage-deflate"})}) {
    EXPECT_TRUE(std::holds_alternative<Handshake>(check(headers)));
  }
}

struct RefusalVector {
  std::string name;
  Headers headers;
  int status;
  std::string says;
};

const std::vector<RefusalVector> refusals = {
    {"NoHost", headers_with("host"), 400, "Host"},
    {"TwoHosts", headers_with("host", {"a", "b"}), 400, "Host"},
    {"NoUpgrade", headers_with("upgrade"), 426, "Upgrade"},
    {"OtherUpgrade", headers_with("upgrade", {"h2c"}), 426, "Upgrade"},
    {"UpgradeOnlySimilar", headers_with("upgrade", {"websockets"}), 426, "Upgrade"},
    {"NoConnection", headers_with("connection"), 400, "Connection"},
    {"OtherConnection", headers_with("connection", {"keep-alive"}), 400, "Connection"},
    {"Body", headers_with("content-length", {"5"}), 400, "body"},
    {"ChunkedBody", headers_with("transfer-encoding", {"chunked"}), 400, "body"},
    {"NoVersion", headers_with("sec-websocket-version"), 400, "Sec-WebSocket-Version"},
    {"TwoVersions", headers_with("sec-websocket-version", {"13", "13"}), 400, "Sec-WebSocket-Version"},
    {"OldVersion", headers_with("sec-websocket-version", {"8"}), 426, "13"},
    {"ListOfVersions", headers_with("sec-websocket-version", {"13, 8"}), 426, "13"},
    {"NoKey", headers_with("sec-websocket-key"), 400, "one Sec-WebSocket-Key"},
    {"TwoKeys", headers_with("sec-websocket-key", {rfc_key, rfc_key}), 400, "one Sec-WebSocket-Key"},
    {"EmptyKey", headers_with("sec-websocket-key", {""}), 400, "16 bytes"},
    {"KeyNotBase64", headers_with("sec-websocket-key", {"dGhlIHNhbXBsZSBub25j*Q=="}), 400, "16 bytes"},
    {"KeyOf15Bytes", headers_with("sec-websocket-key", {"dGhlIHNhbXBsZSBub25j"}), 400, "16 bytes"},
    {"KeyOf17Bytes", headers_with("sec-websocket-key", {"dGhlIHNhbXBsZSBub25jZWU="}), 400, "16 bytes"},
    {"KeyWithoutPadding", headers_with("sec-websocket-key", {"dGhlIHNhbXBsZSBub25jZQ"}), 400, "16 bytes"},
    {"KeyWithLooseBits", headers_with("sec-websocket-key", {"dGhlIHNhbXBsZSBub25jZR=="}), 400, "16 bytes"},
    {"KeyWithASpace", headers_with("sec-websocket-key", {"dGhlIHNhbXBs ZSBub25jZQ=="}), 400, "16 bytes"},
    {"SubprotocolNotAToken", headers_with("sec-websocket-protocol", {"chat, super chat"}), 400, "token"},
    {"SubprotocolTwice", headers_with("sec-websocket-protocol", {"chat, b, chat"}), 400, "twice"},
    {"SubprotocolTwiceOverLines", headers_with("sec-websocket-protocol", {"chat", "chat"}), 400, "twice"},
};

class Refusals : public testing::TestWithParam<RefusalVector> {};

TEST_P(Refusals, NameWhatIsWrong) {
  const auto result = check(GetParam().headers);
  ASSERT_TRUE(std::holds_alternative<Refusal>(result));
  const auto& refusal = std::get<Refusal>(result);
  EXPECT_EQ(refusal.status(), GetParam().status);
  EXPECT_THAT(std::string(refusal.message), testing::HasSubstr(GetParam().says));
  const bool names_version = refusal.extra_headers.find("Sec-WebSocket-Version: 13\r\n") != std::string_view::npos;
  EXPECT_EQ(names_version, GetParam().status == 426);
}

INSTANTIATE_TEST_SUITE_P(All, Refusals, testing::ValuesIn(refusals),
                         [](const auto& instance) { return instance.param.name; });

TEST(Handshake, RefusesOtherMethodsAndHttp10) {
  const auto post = check(headers_with(), "POST");
  ASSERT_TRUE(std::holds_alternative<Refusal>(post));
  EXPECT_EQ(std::get<Refusal>(post).status(), 405);
  EXPECT_EQ(std::get<Refusal>(post).extra_headers, "Allow: GET\r\n");
  const auto old = check(headers_with(), "GET", 0);
  ASSERT_TRUE(std::holds_alternative<Refusal>(old));
  EXPECT_EQ(std::get<Refusal>(old).status(), 400);
}

TEST(Handshake, ReadsSubprotocolsOverLinesInOrderAndWithoutTheEmpty) {
  const Headers headers = headers_with("sec-websocket-protocol", {" b ,, a", "", "B,\tc"});
  const auto result = check(headers);
  ASSERT_TRUE(std::holds_alternative<Handshake>(result));
  EXPECT_THAT(std::get<Handshake>(result).offered, ElementsAre("b", "a", "B", "c"));
}

TEST(Handshake, LimitsTheNumberOfSubprotocols) {
  std::string list = "p0";
  for (std::size_t i = 1; i < subprotocols_offered_max; ++i) list += ",p" + std::to_string(i);
  EXPECT_TRUE(std::holds_alternative<Handshake>(check(headers_with("sec-websocket-protocol", {list}))));
  EXPECT_TRUE(std::holds_alternative<Refusal>(check(headers_with("sec-websocket-protocol", {list, "one-more"}))));
}

TEST(Handshake, SelectsTheFirstOfferedSubprotocolThatIsSpoken) {
  using Names = std::vector<std::string_view>;
  EXPECT_EQ(select_subprotocol(Names{"x", "b", "a"}, Names{"a", "b"}), "b");
  EXPECT_EQ(select_subprotocol(Names{"A"}, Names{"a"}), "");
  EXPECT_EQ(select_subprotocol(Names{}, Names{"a"}), "");
  EXPECT_EQ(select_subprotocol(Names{"a"}, Names{}), "");
}

TEST(Handshake, AnswersTheRfcsKey) {
  EXPECT_EQ(accept_key(rfc_key, sha1), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");  // §1.3
}

TEST(Handshake, WritesTheSwitch) {
  std::string out;
  append_switching_protocols(out, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "chat", "Kodama-Shard: 1\r\n");
  EXPECT_EQ(out,
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n"
            "Kodama-Shard: 1\r\n\r\n");
}

TEST(Handshake, NamesNoSubprotocolWhereNoneIsSelected) {
  std::string out;
  append_switching_protocols(out, "x", "", "");
  EXPECT_EQ(out,
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: x\r\n\r\n");
}

}  // namespace
}  // namespace proto::websocket
