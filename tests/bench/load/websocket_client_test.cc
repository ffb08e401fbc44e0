// SPDX-License-Identifier: Apache-2.0
#include "bench/load/websocket_client.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace bench::load {
namespace {

const std::string answer =
    "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

std::string frame(unsigned char first, const std::string& payload) {
  std::string bytes(1, static_cast<char>(first));
  if (payload.size() < 126) {
    bytes += static_cast<char>(payload.size());
  } else if (payload.size() < 65536) {
    bytes += std::string{126, static_cast<char>(payload.size() >> 8), static_cast<char>(payload.size())};
  } else {
    bytes += static_cast<char>(127);
    for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(payload.size() >> shift);
  }
  return bytes + payload;
}

struct Taken {
  std::vector<std::string> messages;
  std::string out;
  std::string error;
  bool good = true;
};

void feed(WebSocketClient& client, std::string_view bytes, Taken& taken) {
  taken.good = taken.good && client.on_bytes(bytes, taken.out, [&](std::string_view message, bool binary) {
    taken.messages.push_back((binary ? "b:" : "t:") + std::string(message));
    return true;
  });
  taken.error = client.error();
}

TEST(WebSocketClient, InflatesWhereThatWasAgreedOn) {
  const std::string agreed =
      "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
      "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n\r\n";
  const std::string hello("\xf2\x48\xcd\xc9\xc9\x07\x00", 7);  // RFC 7692 §7.2.3.1
  Unpacker unpacker;
  WebSocketClient client(&unpacker);
  Taken taken;
  feed(client, agreed + frame(0xc1, hello) + frame(0x81, "plain") + frame(0xc2, hello), taken);
  EXPECT_EQ(taken.messages, (std::vector<std::string>{"t:Hello", "t:plain", "b:Hello"}));
  EXPECT_TRUE(taken.good);
  feed(client, frame(0xc1, "\xff"), taken);
  EXPECT_FALSE(taken.good);
  WebSocketClient refused(&unpacker);
  Taken nothing;
  feed(refused, answer, nothing);
  EXPECT_FALSE(nothing.good);
  WebSocketClient plain;
  Taken wrong;
  feed(plain, answer + frame(0xc1, hello), wrong);
  EXPECT_FALSE(wrong.good);
}

TEST(WebSocketClient, TakesTheSameMessagesHoweverTheInputIsSplit) {
  const std::string input = answer + frame(0x81, "one") + frame(0x89, "ping") + frame(0x82, std::string(300, 'y')) +
                            frame(0x01, "a") + frame(0x8a, "") + frame(0x00, "b") + frame(0x80, "c") + frame(0x81, "");
  const std::vector<std::string> expected = {"t:one", "b:" + std::string(300, 'y'), "t:abc", "t:"};
  std::string pong;
  WebSocketClient::append_frame(WebSocketClient::Opcode::pong, "ping", pong);
  for (std::size_t split = 0; split <= input.size(); ++split) {
    WebSocketClient client;
    Taken taken;
    feed(client, std::string_view(input).substr(0, split), taken);
    feed(client, std::string_view(input).substr(split), taken);
    ASSERT_TRUE(taken.good) << split << " " << taken.error;
    ASSERT_EQ(taken.messages, expected) << split;
    ASSERT_EQ(taken.out, pong) << split;
  }
  WebSocketClient client;
  Taken taken;
  for (const char byte : input) feed(client, std::string_view(&byte, 1), taken);
  EXPECT_EQ(taken.messages, expected);
}

TEST(WebSocketClient, TakesALongFrame) {
  const std::string input = answer + frame(0x81, std::string(70000, 'z')) + frame(0x81, "next");
  WebSocketClient client;
  Taken taken;
  for (std::size_t at = 0; at < input.size(); at += 999) feed(client, std::string_view(input).substr(at, 999), taken);
  ASSERT_EQ(taken.messages.size(), 2u);
  EXPECT_EQ(taken.messages[0].size(), 70002u);
}

TEST(WebSocketClient, RefusesWhatACorrectServerDoesNotSend) {
  for (const std::string& input :
       {std::string("HTTP/1.1 404 Not Found\r\n\r\n"),
        std::string("HTTP/1.1 101 X\r\nSec-WebSocket-Accept: another\r\n\r\n"), answer + frame(0xc1, "reserved"),
        answer + frame(0x83, "unknown"), answer + frame(0x80, "continues nothing"),
        answer + frame(0x01, "a") + frame(0x81, "b"), answer + std::string("\x81\x84mask", 6),
        answer + std::string("\x81\x7f\x01\0\0\0\0\0\0\0", 10)}) {
    WebSocketClient client;
    Taken taken;
    feed(client, input, taken);
    EXPECT_FALSE(taken.good) << input;
    EXPECT_NE(taken.error, "") << input;
  }
}

TEST(WebSocketClient, TellsWhyTheServerClosed) {
  WebSocketClient client;
  Taken taken;
  feed(client, answer + frame(0x88, std::string("\x03\xf5slow", 6)), taken);
  EXPECT_FALSE(taken.good);
  EXPECT_EQ(taken.error, "the server closed with 1013 slow");
}

TEST(WebSocketClient, MasksWhatItSends) {
  for (const std::size_t bytes : {0, 1, 7, 8, 125, 126, 65535, 65536}) {
    std::string out;
    WebSocketClient::append_frame(WebSocketClient::Opcode::text, std::string(bytes, 'm'), out);
    const std::size_t head = bytes < 126 ? 2 : bytes < 65536 ? 4 : 10;
    ASSERT_EQ(out.size(), head + 4 + bytes);
    EXPECT_NE(static_cast<unsigned char>(out[1]) & 0x80, 0);
    for (std::size_t at = 0; at < bytes; ++at) ASSERT_EQ(out[head + 4 + at] ^ out[head + at % 4], 'm');
  }
}

}  // namespace
}  // namespace bench::load
