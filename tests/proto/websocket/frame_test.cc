// SPDX-License-Identifier: Apache-2.0
#include "proto/websocket/frame.h"

#include <gtest/gtest.h>

namespace proto::websocket {
namespace {

using namespace std::string_literals;

std::string header(Opcode opcode, std::uint64_t payload_bytes) {
  std::string out;
  append_header(out, opcode, payload_bytes);
  return out;
}

std::string close(std::uint16_t code, std::string_view text) {
  std::string out;
  append_close(out, code, text);
  return out;
}

TEST(Frame, WritesTheShortestFormOfALength) {
  EXPECT_EQ(header(Opcode::text, 0), "\x81\x00"s);
  EXPECT_EQ(header(Opcode::text, 125), "\x81\x7D"s);
  EXPECT_EQ(header(Opcode::binary, 126), "\x82\x7E\x00\x7E"s);
  EXPECT_EQ(header(Opcode::binary, 256), "\x82\x7E\x01\x00"s);
  EXPECT_EQ(header(Opcode::binary, 65535), "\x82\x7E\xFF\xFF"s);
  EXPECT_EQ(header(Opcode::binary, 65536), "\x82\x7F\x00\x00\x00\x00\x00\x01\x00\x00"s);
  EXPECT_EQ(header(Opcode::binary, 0x0102030405060708), "\x82\x7F\x01\x02\x03\x04\x05\x06\x07\x08"s);
}

TEST(Frame, AppendsBehindWhatIsThere) {
  std::string out = "before";
  append_frame(out, Opcode::text, "Hello");  // RFC 6455 §5.7
  append_frame(out, Opcode::pong, "");
  EXPECT_EQ(out, "before\x81\x05Hello\x8A\x00"s);
}

TEST(Frame, WritesACloseWithCodeAndText) {
  EXPECT_EQ(close(1001, "bye"),
            "\x88\x05\x03\xE9"
            "bye"s);
  EXPECT_EQ(close(1000, ""), "\x88\x02\x03\xE8"s);
}

TEST(Frame, WritesAnEmptyCloseForNoCode) { EXPECT_EQ(close(0, "not said"), "\x88\x00"s); }

TEST(Frame, CutsTheTextOfACloseAtACharacter) {
  EXPECT_EQ(close(1000, std::string(123, 'x')).size(), 2u + 125u);
  EXPECT_EQ(close(1000, std::string(200, 'x')), "\x88\x7D\x03\xE8"s + std::string(123, 'x'));
  EXPECT_EQ(close(1000, std::string(122, 'x') + "\u00e9"), "\x88\x7C\x03\xE8"s + std::string(122, 'x'));
  EXPECT_EQ(close(1000, std::string(120, 'x') + "\U0001F600"), "\x88\x7A\x03\xE8"s + std::string(120, 'x'));
  const std::string fitting = std::string(119, 'x') + "\U0001F600";
  EXPECT_EQ(close(1000, fitting + "y"), "\x88\x7D\x03\xE8"s + fitting);
}

}  // namespace
}  // namespace proto::websocket
