// SPDX-License-Identifier: Apache-2.0
#include "proto/websocket/deflater.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deflate_peer.h"
#include "proto/websocket/frame.h"
#include "proto/websocket/inflater.h"

namespace proto::websocket {
namespace {

constexpr DeflaterOptions options{.payload_bytes_min = 100, .payload_bytes_max = 1 << 20};

std::string json(std::size_t size) { return DeflatePeer::make(DeflatePeer::Content::json, size, 1); }
std::string noise(std::size_t size) { return DeflatePeer::make(DeflatePeer::Content::noise, size, 1); }

std::string frame(Opcode opcode, std::string_view payload) {
  std::string bytes;
  append_frame(bytes, opcode, payload);
  return bytes;
}

// The payload of the one frame, which must be a compressed text.
std::string payload_of(std::string_view bytes) {
  EXPECT_EQ(static_cast<std::uint8_t>(bytes[0]), fin_bit | rsv1_bit | static_cast<std::uint8_t>(Opcode::text));
  const auto form = static_cast<std::uint8_t>(bytes[1]);
  return std::string(bytes.substr(form < 126 ? 2 : form == 126 ? 4 : 10));
}

std::string inflate(const std::string& compressed) {
  Inflater inflater(4 << 20);
  if (inflater.inflate(compressed, nullptr)) return "[wrong]";
  return {inflater.message().begin(), inflater.message().end()};
}

TEST(Deflater, CompressesAFrameSoThatItsReaderHasItBack) {
  Deflater deflater(options);
  for (const std::size_t size : {100, 125, 126, 1000, 65535, 65536, 70'000, 1 << 20}) {
    for (std::uint8_t bits = 9; bits <= 15; ++bits) {
      std::string bytes = frame(Opcode::text, json(size));
      const Deflater::Done done = deflater.compress_frames(bytes, 0, bits);
      ASSERT_LT(bytes.size(), size) << size << ' ' << int{bits};
      const std::string compressed = payload_of(bytes);
      EXPECT_EQ(done.messages, 1u);
      EXPECT_EQ(done.bytes_before, size);
      EXPECT_EQ(done.bytes_after, compressed.size());
      EXPECT_TRUE(inflate(compressed) == json(size)) << size << ' ' << int{bits};
    }
  }
}

TEST(Deflater, KeepsToTheWindow) {
  Deflater deflater(options);
  const std::string far = noise(600) + std::string(100, ' ') + noise(600);  // repeats what is 700 bytes away
  std::string narrow = frame(Opcode::text, far);
  std::string wide = narrow;
  deflater.compress_frames(narrow, 0, 9);
  deflater.compress_frames(wide, 0, 15);
  EXPECT_LT(wide.size(), 750u);
  EXPECT_GT(narrow.size(), 1200u);
  z_stream reader{};
  ASSERT_EQ(inflateInit2(&reader, -9), Z_OK);
  std::string compressed = payload_of(narrow);
  std::string out(far.size() + 1, '\0');
  reader.next_in = reinterpret_cast<Bytef*>(compressed.data());
  reader.avail_in = static_cast<uInt>(compressed.size());
  reader.next_out = reinterpret_cast<Bytef*>(out.data());
  reader.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(::inflate(&reader, Z_SYNC_FLUSH), Z_OK) << "a reader with a window of 512 bytes";
  EXPECT_EQ(out.substr(0, reader.total_out), far);
  inflateEnd(&reader);
}

TEST(Deflater, CompressesEachMessageByItself) {
  Deflater deflater(options);
  std::string first = frame(Opcode::text, json(1000));
  std::string second = first;
  deflater.compress_frames(first, 0, 15);
  deflater.compress_frames(second, 0, 15);
  EXPECT_EQ(first, second);
}

TEST(Deflater, LeavesWhatIsSmallLargeOrLongerThen) {
  Deflater deflater(options);
  for (const std::string& payload : {json(99), json((1 << 20) + 1), noise(100), noise(70'000), std::string()}) {
    const std::string before = frame(Opcode::binary, payload);
    std::string bytes = before;
    EXPECT_EQ(deflater.compress_frames(bytes, 0, 15).messages, 0u);
    EXPECT_TRUE(bytes == before) << payload.size();
  }
}

TEST(Deflater, IsNeverLonger) {
  Deflater deflater({.payload_bytes_min = 0, .payload_bytes_max = 1 << 20});
  for (std::size_t size = 0; size < 300; ++size) {
    for (const std::string& payload : {json(size), noise(size), std::string(size, 'x')}) {
      std::string bytes = frame(Opcode::text, payload);
      const std::size_t before = bytes.size();
      const Deflater::Done done = deflater.compress_frames(bytes, 0, 15);
      EXPECT_LE(bytes.size(), before);
      if (done.messages == 0) {
        EXPECT_EQ(bytes, frame(Opcode::text, payload));
      } else {
        EXPECT_EQ(inflate(payload_of(bytes)), payload);
      }
    }
  }
}

TEST(Deflater, TakesFramesOneByOneBehindWhatStandsThere) {
  Deflater deflater(options);
  const std::string before = "what stands there";
  const std::string binary = frame(Opcode::binary, noise(500));
  std::string bytes =
      before + frame(Opcode::text, json(1000)) + frame(Opcode::text, "small") + binary + frame(Opcode::text, json(300));
  const Deflater::Done done = deflater.compress_frames(bytes, before.size(), 15);
  EXPECT_EQ(done.messages, 2u);
  EXPECT_EQ(done.bytes_before, 1300u);
  std::string first = frame(Opcode::text, json(1000));
  std::string last = frame(Opcode::text, json(300));
  deflater.compress_frames(first, 0, 15);
  deflater.compress_frames(last, 0, 15);
  EXPECT_EQ(bytes, before + first + frame(Opcode::text, "small") + binary + last);
}

}  // namespace
}  // namespace proto::websocket
