// SPDX-License-Identifier: Apache-2.0
// The decoder's memory, sizes and positions: what a table of vectors does not show.
#include "proto/websocket/decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "transcript.h"

namespace proto::websocket {
namespace {

using Type = Event::Type;

constexpr std::uint64_t sixteen_mib = 16 << 20;
constexpr DecoderOptions large = {.message_bytes_max = sixteen_mib};
constexpr std::size_t receive_bytes = 2048;  // as a connection receives

std::string pattern(std::size_t size) {
  std::string bytes(size, 0);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>('a' + (i * 7 + i / 26) % 26);
  return bytes;
}

void feed_in_pieces(Transcript& transcript, std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size(); at += receive_bytes) transcript.feed(bytes.substr(at, receive_bytes));
}

TEST(Decoder, HandsOutAWholeFrameWhereItStands) {
  const std::string bytes = client_frame(0x82, pattern(1000));
  std::vector<std::uint8_t> in(bytes.begin(), bytes.end());
  Decoder decoder(large);
  Event event;
  ASSERT_EQ(decoder.decode(in, event), in.size());
  EXPECT_EQ(event.type, Type::message);
  EXPECT_EQ(event.payload.data(), reinterpret_cast<char*>(in.data() + 8));
  EXPECT_EQ(std::string(event.payload.begin(), event.payload.end()), pattern(1000));
  EXPECT_EQ(decoder.buffered_bytes(), 0u);
}

TEST(Decoder, HandsOutAWholeControlFrameWhereItStandsInsideAMessage) {
  Transcript transcript(large);
  transcript.feed(client_frame(0x01, pattern(100)));
  const std::string bytes = client_frame(0x89, "ping");
  std::vector<std::uint8_t> in(bytes.begin(), bytes.end());
  Event event;
  transcript.decoder.decode(in, event);
  EXPECT_EQ(event.payload.data(), reinterpret_cast<char*>(in.data() + 6));
  transcript.feed(client_frame(0x80, "end"));
  ASSERT_EQ(transcript.told.size(), 1u);
  EXPECT_EQ(transcript.told[0].payload, pattern(100) + "end");
}

TEST(Decoder, TakesRsv1OnlyFromWhomItIsAllowed) {
  const std::string bytes = client_frame(0xC1, "\xff");
  Transcript transcript({.message_bytes_max = 100});
  transcript.decoder.allow_rsv1(true);
  transcript.feed(bytes);
  transcript.decoder.allow_rsv1(false);
  transcript.feed(bytes);
  ASSERT_EQ(transcript.told.size(), 2u);
  EXPECT_TRUE(transcript.told[0].rsv1);
  EXPECT_EQ(transcript.told[1].reason, Reason::protocol_error);
}

TEST(Decoder, LetsACompressedMessageBeLongerByWhatCompressionMayAdd) {
  const DecoderOptions options = {.message_bytes_max = 1000, .rsv1_allowed = true};
  const std::string most(compressed_bytes_max(1000), 'x');
  EXPECT_EQ(replay(client_frame(0xC2, most), options, {})[0].type, Type::message);
  EXPECT_EQ(replay(client_frame(0xC2, most + "x"), options, {})[0].reason, Reason::message_too_big);
  EXPECT_EQ(replay(client_frame(0x82, std::string(1001, 'x')), options, {})[0].reason, Reason::message_too_big);
  EXPECT_EQ(replay(client_frame(0x42, most) + client_frame(0x80, "x"), options, {})[0].reason, Reason::message_too_big);
}

TEST(Decoder, UnmasksAtEveryAlignmentOfTheInput) {
  const std::string bytes = client_frame(0x82, pattern(300), {0x01, 0x80, 0xFF, 0x55});
  for (std::size_t offset = 0; offset < 16; ++offset) {
    std::vector<std::uint8_t> in(offset);
    in.insert(in.end(), bytes.begin(), bytes.end());
    Decoder decoder(large);
    Event event;
    decoder.decode(std::span(in).subspan(offset), event);
    EXPECT_EQ(std::string(event.payload.begin(), event.payload.end()), pattern(300)) << offset;
  }
}

TEST(Decoder, TakesSixteenMebibytesInOneFrame) {
  const std::string payload = pattern(sixteen_mib);
  Transcript transcript(large);
  feed_in_pieces(transcript, client_frame(0x81, payload));
  ASSERT_EQ(transcript.told.size(), 1u);
  EXPECT_EQ(transcript.told[0].type, Type::message);
  EXPECT_TRUE(transcript.told[0].payload == payload);
  EXPECT_EQ(transcript.decoder.buffered_bytes(), 0u);
}

TEST(Decoder, TakesSixteenMebibytesInTenThousandFragments) {
  const std::string payload = pattern(sixteen_mib);
  constexpr std::size_t fragments = 10'000;
  std::string bytes;
  for (std::size_t i = 0; i < fragments; ++i) {
    const std::size_t begin = payload.size() * i / fragments;
    const std::size_t end = payload.size() * (i + 1) / fragments;
    const auto first = static_cast<std::uint8_t>((i == 0 ? 0x01 : 0x00) | (i + 1 == fragments ? 0x80 : 0x00));
    bytes += client_frame(first, payload.substr(begin, end - begin));
  }
  Transcript transcript(large);
  feed_in_pieces(transcript, bytes);
  ASSERT_EQ(transcript.told.size(), 1u);
  EXPECT_EQ(transcript.told[0].type, Type::message);
  EXPECT_TRUE(transcript.told[0].payload == payload);
  EXPECT_EQ(transcript.decoder.buffered_bytes(), 0u);
}

TEST(Decoder, TakesNoMemoryForALengthThatIsOnlyDeclared) {
  const std::string bytes = client_frame(0x82, pattern(sixteen_mib));
  Transcript transcript(large);
  transcript.feed(std::string_view(bytes).substr(0, 14));  // the header
  EXPECT_EQ(transcript.decoder.buffered_bytes(), 0u);
  transcript.feed(std::string_view(bytes).substr(14, 1000));
  EXPECT_LE(transcript.decoder.buffered_bytes(), 2000u);
  EXPECT_GE(transcript.decoder.buffered_bytes(), 1000u);
}

TEST(Decoder, GivesTheMemoryBackWithTheMessage) {
  const std::string bytes = client_frame(0x82, pattern(5000));
  Transcript transcript(large);
  transcript.feed(std::string_view(bytes).substr(0, 4000));
  EXPECT_GT(transcript.decoder.buffered_bytes(), 0u);
  transcript.feed(std::string_view(bytes).substr(4000));
  ASSERT_EQ(transcript.told.size(), 1u);
  EXPECT_EQ(transcript.decoder.buffered_bytes(), 0u);
}

TEST(Decoder, GivesTheMemoryBackAtAnErrorAndAtAClose) {
  for (const std::string& end : {std::string("\x83"), client_frame(0x88, "")}) {
    Transcript transcript(large);
    transcript.feed(client_frame(0x02, pattern(5000)));
    EXPECT_GT(transcript.decoder.buffered_bytes(), 0u);
    transcript.feed(end);
    ASSERT_EQ(transcript.told.size(), 1u);
    EXPECT_EQ(transcript.decoder.buffered_bytes(), 0u);
  }
}

TEST(Decoder, HoldsNoMoreThanTheMessageThroughManyControlFrames) {
  Transcript transcript(large);
  transcript.feed(client_frame(0x02, pattern(1000)));
  const std::string ping = client_frame(0x89, pattern(125));
  for (int i = 0; i < 1000; ++i) {
    transcript.feed(std::string_view(ping).substr(0, 50));
    transcript.feed(std::string_view(ping).substr(50));
  }
  EXPECT_EQ(transcript.told.size(), 1000u);
  EXPECT_LE(transcript.decoder.buffered_bytes(), 4000u);
}

TEST(Decoder, SaysWhetherItIsInsideAMessage) {
  Transcript transcript(large);
  const auto in_message_after = [&](std::string_view bytes) {
    transcript.feed(bytes);
    return transcript.decoder.in_message();
  };
  EXPECT_FALSE(in_message_after(""));
  EXPECT_FALSE(in_message_after(client_frame(0x81, "whole")));
  EXPECT_TRUE(in_message_after(client_frame(0x01, "begins")));
  EXPECT_TRUE(in_message_after(client_frame(0x89, "ping")));
  EXPECT_FALSE(in_message_after(client_frame(0x80, "ends")));
  EXPECT_TRUE(in_message_after("\x8A"));  // a pong's first byte
  EXPECT_FALSE(in_message_after(client_frame(0x8A, "").substr(1)));
  EXPECT_FALSE(transcript.decoder.finished());
  EXPECT_FALSE(in_message_after(client_frame(0x88, "")));
  EXPECT_TRUE(transcript.decoder.finished());
}

TEST(Decoder, TakesNothingAfterTheEnd) {
  for (const std::string& end : {std::string("\x83"), client_frame(0x88, "")}) {
    Transcript transcript(large);
    transcript.feed(end + "more");
    transcript.feed("and more");
    EXPECT_TRUE(transcript.decoder.finished());
    EXPECT_EQ(transcript.told.size(), 1u);
    EXPECT_EQ(transcript.taken, end.size());
    EXPECT_EQ(transcript.left, 12u);
  }
}

// The peer must be told at the bad byte, while the rest of the frame may never come.
TEST(Decoder, FailsAtTheBadByteOfAFrameThatHasNotEnded) {
  for (const std::size_t before : {0u, 1u, 31u, 32u, 100u, 3000u}) {
    const std::string bytes = client_frame(0x81, pattern(before) + "\xE2\x28" + pattern(5000));
    const std::size_t bad = bytes.size() - 5000 - 1;
    Transcript transcript(large);
    transcript.feed(std::string_view(bytes).substr(0, bad));
    EXPECT_THAT(transcript.told, testing::IsEmpty()) << before;
    EXPECT_EQ(transcript.taken, bad);
    transcript.feed(std::string_view(bytes).substr(bad, 1));
    const std::vector<Told> expected = {{.type = Type::error, .reason = Reason::invalid_utf8, .position = bad + 1}};
    EXPECT_EQ(transcript.told, expected) << before;
    EXPECT_EQ(replay(std::string_view(bytes).substr(0, bad + 100), large, {}), expected) << before;
  }
}

TEST(Decoder, RefusesAMessageOfOneByteMoreBeforeItsPayload) {
  const std::string bytes = client_frame(0x82, pattern(sixteen_mib + 1));
  Transcript transcript(large);
  transcript.feed(std::string_view(bytes).substr(0, 10));  // up to the length, before the mask
  ASSERT_EQ(transcript.told.size(), 1u);
  EXPECT_EQ(transcript.told[0].reason, Reason::message_too_big);
  EXPECT_EQ(facts(transcript.told[0].reason).close_code, 1009);
}

}  // namespace
}  // namespace proto::websocket
