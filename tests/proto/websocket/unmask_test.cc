// SPDX-License-Identifier: Apache-2.0
#include "proto/websocket/unmask.h"

#include <gtest/gtest.h>

#include <vector>

namespace proto::websocket {
namespace {

TEST(Unmask, IsTheRfcsTransformationAtEveryLengthAlignmentAndPhase) {
  constexpr Mask mask = {0x12, 0xE4, 0x56, 0x9F};
  constexpr std::size_t margin = 8;
  for (std::size_t size = 0; size <= 100; ++size) {
    for (std::size_t offset = 0; offset < margin; ++offset) {
      for (std::size_t phase = 0; phase < 5; ++phase) {
        std::vector<std::uint8_t> bytes(offset + size + margin);
        for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 31);
        std::vector<std::uint8_t> expected = bytes;
        for (std::size_t i = 0; i < size; ++i) expected[offset + i] ^= mask[(phase + i) % 4];  // §5.3
        unmask(std::span(bytes).subspan(offset, size), mask, phase);
        ASSERT_EQ(bytes, expected) << size << " bytes at " << offset << ", phase " << phase;
      }
    }
  }
}

}  // namespace
}  // namespace proto::websocket
