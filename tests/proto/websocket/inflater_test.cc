// SPDX-License-Identifier: Apache-2.0
#include "proto/websocket/inflater.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <random>

#include "deflate_peer.h"

namespace proto::websocket {
namespace {

using namespace std::string_literals;

constexpr std::size_t one_mib = 1 << 20;

// The message, or its reason's label in brackets.
std::string inflate(Inflater& inflater, std::string_view in, SenderWindow* window = nullptr) {
  // A copy of exactly this size: the address sanitizer sees a step beyond it.
  const std::vector<char> bytes(in.begin(), in.end());
  if (const auto wrong = inflater.inflate(bytes, window)) return "[" + std::string(facts(*wrong).label) + "]";
  const std::span<char> message = inflater.message();
  return {message.begin(), message.end()};
}
std::string inflate(std::string_view in) {
  Inflater inflater(one_mib);
  return inflate(inflater, in);
}

TEST(Inflater, TakesTheRfcsExamples) {
  EXPECT_EQ(inflate("\xf2\x48\xcd\xc9\xc9\x07\x00"s), "Hello") << "RFC 7692 §7.2.3.1";
  EXPECT_EQ(inflate("\x00\x05\x00\xfa\xffHello\x00"s), "Hello") << "§7.2.3.3, a block that is not compressed";
  EXPECT_EQ(inflate("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"s), "Hello") << "§7.2.3.4, a final block";
  EXPECT_EQ(inflate("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"s), "Hello") << "§7.2.3.5, two blocks";
  EXPECT_EQ(inflate("\x00"s), "") << "§7.2.3.6";
}

TEST(Inflater, TakesTheRfcsExampleOfAWindowThatGoesOn) {
  Inflater inflater(one_mib);
  SenderWindow window{.bytes = {}, .bytes_max = 1 << 15};
  EXPECT_EQ(inflate(inflater, "\xf2\x48\xcd\xc9\xc9\x07\x00"s, &window), "Hello");
  EXPECT_EQ(inflate(inflater, "\xf2\x00\x11\x00\x00"s, &window), "Hello") << "§7.2.3.2";
  EXPECT_EQ(inflate(inflater, "\xf2\x00\x11\x00\x00"s), "[invalid_deflate]") << "nobody else's";
}

TEST(Inflater, TakesMessagesThatEndWithoutAnEmptyBlock) {
  EXPECT_EQ(inflate(""), "") << "a flush behind a flush makes nothing";
  EXPECT_EQ(inflate("\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff"s), "Hello") << "the tail was left where it was";
  EXPECT_EQ(inflate("\xf3\x48\xcd\xc9\xc9\x07\x00"s), "Hello") << "a final block and nothing behind it";
}

TEST(Inflater, RefusesWhatIsNotDeflate) {
  for (const std::string& bad : {"\xff"s, "\x07"s, "\x06"s, "\x00\x05\x00\xfa\xffHell"s,
                                 "\x00\x05\x00\xfa\xfeHello\x00"s, "\xf2\x48\xcd\xc9\xc9"s, "\xf2\x00\x11\x00\x00"s,
                                 "Hello, this is plain text"s, "\xf2\x48\xcd\xc9\xc9\x07\x00\x01"s}) {
    EXPECT_EQ(inflate(bad), "[invalid_deflate]") << testing::PrintToString(bad);
  }
}

TEST(Inflater, IsReadyAfterAMistake) {
  Inflater inflater(100);
  EXPECT_EQ(inflate(inflater, "\xff"s), "[invalid_deflate]");
  EXPECT_EQ(inflate(inflater, "\xf2\x48\xcd\xc9\xc9\x07\x00"s), "Hello");
  EXPECT_EQ(inflate(inflater, DeflatePeer().message(std::string(101, 'x'))), "[message_too_big]");
  EXPECT_EQ(inflate(inflater, DeflatePeer().message(std::string(100, 'x'))), std::string(100, 'x'));
}

TEST(Inflater, TakesWhatACompressorWritesOfEverySizeAndWindow) {
  std::mt19937 random(1);
  Inflater inflater(one_mib);
  for (const int bits : {9, 10, 15}) {
    for (const std::size_t size : {0, 1, 2, 100, 16383, 16384, 16385, 65536, 300'000, 1 << 20}) {
      for (const DeflatePeer::Content content : {DeflatePeer::Content::json, DeflatePeer::Content::noise}) {
        const std::string message = DeflatePeer::make(content, size, random());
        EXPECT_TRUE(inflate(inflater, DeflatePeer(bits).message(message)) == message) << bits << ' ' << size;
      }
    }
  }
}

TEST(Inflater, LooksBackAtWhatTheSenderHasSent) {
  for (const int bits : {9, 12, 15}) {
    std::mt19937 random(2);
    Inflater inflater(one_mib);
    DeflatePeer sender(bits);
    DeflatePeer other(15);
    SenderWindow window{.bytes = {}, .bytes_max = std::size_t{1} << bits};
    for (int i = 0; i < 300; ++i) {
      const std::size_t size = random() % (i % 50 == 0 ? 100'000 : 2000);
      const std::string message = DeflatePeer::make(DeflatePeer::Content::json, size, random() % 5);
      ASSERT_TRUE(inflate(inflater, sender.goes_on(message), &window) == message) << bits << " message " << i;
      EXPECT_LE(window.bytes.size(), window.bytes_max);
      EXPECT_LE(window.bytes.capacity(), window.bytes_max + 16) << "no more than was promised";
      ASSERT_EQ(inflate(inflater, other.message("in between")), "in between");
    }
  }
}

TEST(Inflater, TakesAFinalBlockInTheMiddleAndLooksBackBehindIt) {
  // "Hello" in a final block, then what §7.2.3.2 says about a "Hello" five bytes ago.
  EXPECT_EQ(inflate("\xf3\x48\xcd\xc9\xc9\x07\x00\xf2\x00\x11\x00\x00"s), "HelloHello");
  Inflater inflater(one_mib);
  SenderWindow window{.bytes = {}, .bytes_max = 1 << 15};
  EXPECT_EQ(inflate(inflater, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"s, &window), "Hello");
  EXPECT_EQ(inflate(inflater, "\xf2\x00\x11\x00\x00"s, &window), "Hello");
}

TEST(Inflater, StopsABombAtTheLimit) {
  const std::string bomb = DeflatePeer().message(std::string(64 << 20, '\0'));
  ASSERT_LT(bomb.size(), 70'000u);
  Inflater inflater(one_mib);
  EXPECT_EQ(inflate(inflater, bomb), "[message_too_big]");
  EXPECT_LE(inflater.message().size(), one_mib + 1);
  inflater.release();
  EXPECT_TRUE(inflater.message().empty());
  const std::string most(one_mib, 'x');
  EXPECT_TRUE(inflate(inflater, DeflatePeer().message(most)) == most);
  EXPECT_EQ(inflate(inflater, DeflatePeer().message(most + "x")), "[message_too_big]");
}

TEST(Inflater, EndsMessagesOfBlocksThatGiveNothing) {
  std::string final_blocks;  // fixed codes, the end of the block at once: a stream in two bytes
  for (int i = 0; i < 1000; ++i) final_blocks += "\x03\x00"s;
  EXPECT_EQ(inflate(final_blocks), "[invalid_deflate]");
  std::string tables;
  for (int i = 0; i < 1000; ++i) tables += empty_block_with_tables;
  EXPECT_EQ(inflate(tables), "[invalid_deflate]");
  EXPECT_EQ(inflate(std::string(empty_block_with_tables) + "\x00"s), "") << "a few are none of our business";
  std::string stored;  // cheap
  for (int i = 0; i < 1000; ++i) stored += "\x00\x00\x00\xff\xff"s;
  EXPECT_EQ(inflate(stored + "\x00"s), "");
}

TEST(Inflater, TakesMessagesThatWereFlushedInSmallPieces) {
  std::mt19937 random(3);
  const std::string message = DeflatePeer::make(DeflatePeer::Content::json, 200'000, 4);
  DeflatePeer sender;
  std::string compressed;
  for (std::size_t at = 0; at < message.size();) {
    const std::size_t piece = 1 + random() % 200;
    compressed += sender.fragment(std::string_view(message).substr(at, piece));
    at += piece;
  }
  EXPECT_TRUE(inflate(compressed + "\x00"s) == message);
}

// Whatever comes, it ends, within the bounds; the address sanitizer watches the rest.
TEST(Inflater, SurvivesGarbage) {
  std::mt19937 random(4);
  const std::string good = DeflatePeer().message(DeflatePeer::make(DeflatePeer::Content::json, 5000, 1));
  Inflater inflater(10'000);
  SenderWindow window{.bytes = {}, .bytes_max = 512};
  for (int i = 0; i < 5000; ++i) {
    std::string bad = i % 2 == 0 ? good : DeflatePeer::make(DeflatePeer::Content::noise, random() % 300, random());
    for (int change = 0; change < 3 && !bad.empty(); ++change) bad[random() % bad.size()] = static_cast<char>(random());
    (void)inflate(inflater, bad, i % 3 == 0 ? &window : nullptr);
    ASSERT_LE(inflater.message().size(), 10'001u);
    ASSERT_LE(window.bytes.size(), 512u);
  }
  EXPECT_EQ(inflate(inflater, "\xf2\x48\xcd\xc9\xc9\x07\x00"s), "Hello");
}

}  // namespace
}  // namespace proto::websocket
