// SPDX-License-Identifier: Apache-2.0
// permessage-deflate from a client's point of view (RFC 7692).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "peer.h"

namespace broker::shard {
namespace {

using base::Direction;
using proto::Reason;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
constexpr int rsv1 = 4;

// What a client makes of messages; with `goes_on`, one may refer to those before it.
class Compressor {
 public:
  explicit Compressor(bool goes_on = false) : goes_on_(goes_on) {
    deflateInit2(&stream_, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
  }
  ~Compressor() { deflateEnd(&stream_); }
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;

  std::string operator()(std::string_view text) {
    if (!goes_on_) deflateReset(&stream_);
    std::string out(text.size() + 100, '\0');
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream_.avail_in = static_cast<uInt>(text.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(deflate(&stream_, Z_SYNC_FLUSH), Z_OK);
    out.resize(out.size() - stream_.avail_out - 4);
    return out;
  }

 private:
  bool goes_on_;
  z_stream stream_{};
};

std::string inflated(std::string compressed) {
  compressed += std::string("\0\0\xff\xff", 4);
  z_stream stream{};
  inflateInit2(&stream, -15);
  std::string out(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(compressed.data());
  stream.avail_in = static_cast<uInt>(compressed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_SYNC_FLUSH), Z_OK);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

std::string compressed_frame(int opcode, std::string_view compressed, bool final = true) {
  std::string frame = masked(opcode, compressed, final);
  frame[0] = static_cast<char>(frame[0] | rsv1 << 4);
  return frame;
}

// The message of one compressed frame.
std::string message_of(std::string_view frame) {
  const bool is_short = static_cast<unsigned char>(frame[1]) < 126;
  return inflated(std::string(frame.substr(is_short ? 2 : 4)));
}

std::string long_text(int number) {
  std::string text;
  for (int i = 0; i < 40; ++i) text += absl::StrCat("{\"number\":", number, ",\"line\":", i, "}");
  return text;
}

ShardsOptions with(std::uint64_t window_bytes, bool compression = true) {
  ShardsOptions options;
  options.settings.websocket.window_bytes = window_bytes;
  options.settings.websocket.compression = compression;
  return options;
}

class Deflate : public testing::Test {
 protected:
  std::string answer(Peer& asking, std::string_view path, std::string_view headers = offer) {
    asking.sends(absl::StrCat("GET ", std::string(path),
                              " HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                              "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
                              std::string(headers), "\r\n"));
    asking.settles();
    return asking.take();
  }
  base::ShardMetrics& metrics() { return shards[0].metrics; }
  std::uint64_t closes(Reason reason) { return metrics().connections_closed[reason].value(); }
  void expect_close(Peer& closed, int code, Reason reason) {
    closed.settles();
    closed.ends_input();
    closed.settles();
    const auto frames = closed.take_frames();
    ASSERT_EQ(frames.size(), 1u);
    EXPECT_EQ(frames[0].opcode, opcode_close);
    EXPECT_EQ(frames[0].payload.substr(0, 2), std::string({static_cast<char>(code >> 8), static_cast<char>(code)}));
    EXPECT_EQ(closes(reason), 1u);
  }

  Shards shards;
  Peer peer{shards};
  Compressor compress;
};

TEST_F(Deflate, IsAgreedOnWithWhoOffersIt) {
  EXPECT_THAT(answer(peer, "/topics/t"), HasSubstr("\r\nSec-WebSocket-Extensions: permessage-deflate; "
                                                   "server_no_context_takeover; client_no_context_takeover\r\n"));
  Peer other(shards);
  EXPECT_THAT(answer(other, "/topics/t", ""), Not(HasSubstr("Extensions")));
  Peer wrong(shards);
  EXPECT_THAT(answer(wrong, "/topics/t", "Sec-WebSocket-Extensions: permessage-deflate; =\r\n"),
              HasSubstr("HTTP/1.1 400 "));
}

TEST_F(Deflate, IsNotWhereItIsTurnedOff) {
  Shards off(with(1 << 20, false));
  Peer one(off);
  one.opens("/topics/t", offer);
  one.sends(compressed_frame(opcode_text, compress("hi")));
  one.settles();
  EXPECT_THAT(one.take_payloads(), testing::ElementsAre(testing::StartsWith("\x03\xea")));
}

TEST_F(Deflate, AMessageIsCompressedOnceForAllWhoShareTheResult) {
  Peer also(shards);
  Peer narrow(shards);
  Peer plain(shards);
  peer.opens("/topics/t", offer);
  also.opens("/topics/t", offer);
  narrow.opens("/topics/t", "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=9\r\n");
  plain.opens("/topics/t", "");
  plain.sends_text(long_text(1));
  for (Peer* each : {&plain, &peer, &also, &narrow}) each->settles();
  EXPECT_EQ(plain.take_payloads(), std::vector{long_text(1)});
  const std::string bytes = peer.take();
  EXPECT_EQ(bytes.substr(0, 1), "\xc1") << "FIN, RSV1, text";
  EXPECT_EQ(message_of(bytes), long_text(1));
  EXPECT_EQ(also.take(), bytes);
  EXPECT_EQ(message_of(narrow.take()), long_text(1));
  EXPECT_EQ(metrics().deflate_messages(Direction::out).value(), 2u) << "one a size of window";
  EXPECT_EQ(metrics().deflate_plain_bytes(Direction::out).value(), 2 * long_text(1).size());
  EXPECT_LT(metrics().deflate_wire_bytes(Direction::out).value(), long_text(1).size());
}

TEST_F(Deflate, WhatIsSmallGoesAsItIs) {
  peer.opens("/topics/t", offer);
  peer.sends_text(std::string(255, 'x'));
  peer.settles();
  EXPECT_EQ(peer.take_payloads(), std::vector{std::string(255, 'x')});
  peer.sends_text(std::string(256, 'x'));
  peer.settles();
  EXPECT_EQ(message_of(peer.take()), std::string(256, 'x'));
  EXPECT_EQ(metrics().deflate_messages(Direction::out).value(), 1u);
}

TEST_F(Deflate, AReplayGoesAsItIs) {
  peer.opens("/topics/t", offer);
  peer.sends_text(long_text(1));
  peer.settles();
  Peer late(shards);
  late.opens("/topics/t?last=1", offer);
  late.settles();
  EXPECT_EQ(late.take_payloads(), std::vector{long_text(1)});
  EXPECT_EQ(metrics().deflate_messages(Direction::out).value(), 1u);
}

TEST_F(Deflate, TakesCompressedMessagesInFragmentsAndPieces) {
  peer.opens("/topics/t", offer);
  Peer reader(shards);
  reader.opens("/topics/t", "");
  const std::string text = compress(long_text(2));
  const std::string bytes = compressed_frame(opcode_text, text.substr(0, 10), false) + masked(opcode_ping, "p") +
                            masked(0, text.substr(10, 20), false) + masked(0, text.substr(30)) +
                            masked(opcode_text, "not compressed") + compressed_frame(opcode_binary, compress("\xff"));
  for (const char byte : bytes) {
    peer.sends({&byte, 1});
    shards.settle();
  }
  reader.settles();
  EXPECT_EQ(reader.take_payloads(), (std::vector<std::string>{long_text(2), "not compressed", "\xff"}));
  EXPECT_EQ(metrics().deflate_messages(Direction::in).value(), 2u);
  EXPECT_EQ(metrics().deflate_plain_bytes(Direction::in).value(), long_text(2).size() + 1);
  EXPECT_EQ(metrics().deflate_wire_bytes(Direction::in).value(), text.size() + compress("\xff").size());
}

TEST_F(Deflate, EndsThoseWhoSendWhatIsNotDeflate) {
  peer.opens("/topics/t", offer);
  peer.sends(compressed_frame(opcode_text, "\xff\xff"));
  expect_close(peer, 1007, Reason::invalid_deflate);
}

TEST_F(Deflate, ChecksTextBehindIt) {
  peer.opens("/topics/t", offer);
  peer.sends(compressed_frame(opcode_text, compress("bad \xff")));
  expect_close(peer, 1007, Reason::invalid_utf8);
}

TEST_F(Deflate, EndsABomb) {
  peer.opens("/topics/t", offer);
  peer.sends(compressed_frame(opcode_binary, compress(std::string((1 << 20) + 1, 'x'))));
  expect_close(peer, 1009, Reason::message_too_big);
}

TEST_F(Deflate, EndsARsv1WhereItMayNotBe) {
  peer.opens("/topics/t", offer);
  peer.sends(compressed_frame(opcode_text, compress("x"), false) + compressed_frame(0, "x"));
  expect_close(peer, 1002, Reason::protocol_error);
  Peer control(shards);
  control.opens("/topics/t", offer);
  control.sends(compressed_frame(opcode_ping, "x"));
  control.settles();
  EXPECT_EQ(control.take_payloads()[0].substr(0, 2), "\x03\xea");
  Peer plain(shards);
  plain.opens("/topics/t", "");
  plain.sends(compressed_frame(opcode_text, compress("x")));
  plain.settles();
  EXPECT_EQ(plain.take_payloads()[0].substr(0, 2), "\x03\xea") << "the shard's decoder knows whose bytes it has";
}

TEST_F(Deflate, APublishersWindowGoesOnWithinTheBudget) {
  Shards budget(with(64 << 10));
  Peer reader(budget);
  reader.opens("/topics/t", "");
  std::vector<std::string> expected;
  {
    Compressor goes_on(true);
    Compressor other_goes_on(true);
    Peer one(budget);
    Peer other(budget);
    Peer third(budget);
    EXPECT_THAT(answer(one, "/topics/t?publish=only"), Not(HasSubstr("client_no_context_takeover")));
    EXPECT_THAT(answer(other, "/topics/t?publish=only"), Not(HasSubstr("client_no_context_takeover")));
    EXPECT_THAT(answer(third, "/topics/t?publish=only"), HasSubstr("client_no_context_takeover"));
    EXPECT_EQ(budget[0].metrics.deflate_window_bytes.value(), 64 << 10);
    EXPECT_LT(budget[0].memory.own, 1 << 10) << "promised, and not there before the first message";
    for (int i = 0; i < 20; ++i) {
      one.sends(compressed_frame(opcode_text, goes_on(long_text(i % 3))));
      other.sends(compressed_frame(opcode_text, other_goes_on(long_text(i))));
      third.sends(compressed_frame(opcode_text, compress(long_text(i + 1))));
      for (Peer* each : {&one, &other, &third}) each->settles();
      for (const int number : {i % 3, i, i + 1}) expected.push_back(long_text(number));
    }
    EXPECT_GE(budget[0].memory.own, 64 << 10);
    EXPECT_LT(budget[0].memory.own, 66 << 10);
    one.resets();
    one.settles();
    EXPECT_LT(budget[0].memory.own, 33 << 10);
    EXPECT_EQ(budget[0].metrics.deflate_window_bytes.value(), 32 << 10);
    Peer fourth(budget);
    EXPECT_THAT(answer(fourth, "/topics/t?publish=only"), Not(HasSubstr("client_no_context_takeover")));
    Peer small(budget);
    EXPECT_THAT(answer(small, "/topics/t?publish=only"), HasSubstr("client_no_context_takeover"));
    for (Peer* each : {&other, &third, &fourth, &small}) {
      each->resets();
      each->settles();
    }
    EXPECT_EQ(budget[0].metrics.deflate_window_bytes.value(), 0);
    EXPECT_LT(budget[0].memory.own, 1 << 10) << "the reader's deliveries are not its own";
  }
  reader.settles();
  EXPECT_EQ(reader.take_payloads(), expected);
}

// A receive full of small bombs: what they become is spread over turns, so that others come in between.
TEST_F(Deflate, AConnectionInflatesSoMuchATurn) {
  peer.opens("/ws", offer);
  const std::string ignored =
      absl::StrCat("{\"unsubscribe\":{\"topic\":\"t\"},\"x\":\"", std::string(200'000, 'x'), "\"}");
  std::string flood;
  for (int i = 0; i < 40; ++i) flood += compressed_frame(opcode_text, compress(ignored));
  peer.sends(flood);
  std::uint64_t before = 0;
  int turns = 0;
  do {
    before = metrics().deflate_messages(Direction::in).value();
    shards.turn();
    ++turns;
    EXPECT_LE(metrics().deflate_messages(Direction::in).value() - before, 4u);
    peer.takes();
  } while (metrics().deflate_messages(Direction::in).value() > before);
  peer.settles();
  EXPECT_EQ(metrics().deflate_messages(Direction::in).value(), 40u);
  EXPECT_GE(turns, 10);
}

}  // namespace
}  // namespace broker::shard
