// SPDX-License-Identifier: Apache-2.0
#include "proto/sse/event_id.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace proto::sse {
namespace {

using testing::ElementsAre;
using testing::Optional;

constexpr Position a{.epoch = 0x5f3a, .offset = 41};
constexpr Position b{.epoch = 0xffff'ffff'ffff'ffff, .offset = 18'446'744'073'709'551'615U};

std::string written(std::vector<Position> positions) {
  std::string out = "before ";
  append_event_id(out, positions);
  return out.substr(7);
}

TEST(EventId, IsAPositionForEachTopic) {
  EXPECT_EQ(written({a}), "0000000000005f3a:41");
  EXPECT_EQ(written({b, {}, a}), "ffffffffffffffff:18446744073709551615,0000000000000000:0,0000000000005f3a:41");
}

TEST(EventId, ReadsWhatWasWritten) {
  EXPECT_THAT(read_event_id(written({a}), 1), Optional(ElementsAre(a)));
  EXPECT_THAT(read_event_id(written({a, b, a}), 3), Optional(ElementsAre(a, b, a)));
  EXPECT_THAT(read_event_id("5F3a:41", 1), Optional(ElementsAre(a)));
}

TEST(EventId, HasOnePositionForEachTopic) {
  const std::string two = written({a, b});
  EXPECT_EQ(read_event_id(two, 1), std::nullopt);
  EXPECT_NE(read_event_id(two, 2), std::nullopt);
  EXPECT_EQ(read_event_id(two, 3), std::nullopt);
}

TEST(EventId, RefusesWhatIsNone) {
  for (const std::string_view id : {"",
                                    ":",
                                    ",",
                                    "41",
                                    "5f3a",
                                    "5f3a:",
                                    ":41",
                                    "5f3a:41,",
                                    ",5f3a:41",
                                    "5f3a:41 ",
                                    " 5f3a:41",
                                    "5f3a: 41",
                                    "5f3a:-1",
                                    "5f3a:+1",
                                    "5f3a:1.0",
                                    "5f3a:0x1",
                                    "0x5f3a:1",
                                    "g:1",
                                    "00000000000005f3a:41",
                                    "5f3a:41:1",
                                    "5f3a:18446744073709551616",
                                    "5f3a;41",
                                    "5f3a:41\n",
                                    "\"5f3a:41\"",
                                    "5f3a:41,,5f3a:41"}) {
    EXPECT_EQ(read_event_id(id, 1), std::nullopt) << id;
    EXPECT_EQ(read_event_id(id, 2), std::nullopt) << id;
  }
  EXPECT_EQ(read_event_id(std::string_view("5f3a:4\0", 7), 1), std::nullopt);
}

TEST(EventId, EveryCutIsAnotherIdOrNone) {
  const std::string whole = written({a, b});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto cut = read_event_id(whole.substr(0, size), 2);
    if (!cut) continue;
    EXPECT_THAT(*cut, ElementsAre(a, testing::Ne(b))) << size;
  }
}

}  // namespace
}  // namespace proto::sse
