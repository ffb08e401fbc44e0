// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/recovery_offset.h"

#include <gtest/gtest.h>

#include <limits>

namespace proto::socketio {
namespace {

TEST(RecoveryOffset, IsReadAsItWasWritten) {
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  for (const StreamPosition position : {StreamPosition{0xABC, 41}, StreamPosition{0, 0}, StreamPosition{most, most}}) {
    std::string text;
    append_recovery_offset(text, position);
    EXPECT_EQ(parse_recovery_offset(text), position) << text;
  }
}

TEST(RecoveryOffset, WhatAnythingElseSaysIsNone) {
  std::string good;
  append_recovery_offset(good, {0xABC, 41});
  EXPECT_EQ(good.substr(0, 20), "0000000000000abc.41.");
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string changed = good;
    changed[i] = changed[i] == '1' ? '2' : '1';
    EXPECT_EQ(parse_recovery_offset(changed), std::nullopt) << changed;
    EXPECT_EQ(parse_recovery_offset(good.substr(0, i)), std::nullopt);
  }
  for (const std::string& bad : {good + "1", " " + good, std::string("hi"), std::string("."), std::string(".."),
                                 std::string("41"), std::string(5000, 'x'), std::string("..00000000")}) {
    EXPECT_EQ(parse_recovery_offset(bad), std::nullopt) << bad;
  }
}

TEST(Cursor, IsReadAsItWasWritten) {
  EXPECT_EQ(cursor_text(0xABC, 41), "0000000000000abc.41");
  EXPECT_EQ(parse_cursor("0000000000000abc.41"), (StreamPosition{0xABC, 41}));
  for (const char* bad : {"", ".", "41", "abc.", ".41", "xyz.1", "abc.-1", "abc.1.2"}) {
    EXPECT_EQ(parse_cursor(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace proto::socketio
