// SPDX-License-Identifier: Apache-2.0
#include "proto/topic_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace proto {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;
using testing::Optional;

TEST(TopicName, TakesAnythingReadable) {
  for (const std::string& topic : {"a"s, "chat message"s, "a/b/c"s, "/"s, "/a"s, "a/"s, "a//b"s, "a$"s, "a/b$c"s,
                                   "\u00a0"s, "\u0142"s, "日本"s, "\U0001F600"s, std::string(255, 'x')}) {
    EXPECT_EQ(topic_name_error(topic), std::nullopt) << topic;
  }
}

TEST(TopicName, HasOneTo255Bytes) {
  EXPECT_THAT(topic_name_error(""), Optional(HasSubstr("empty")));
  EXPECT_THAT(topic_name_error(std::string(256, 'x')), Optional(HasSubstr("255 bytes")));
  EXPECT_THAT(topic_name_error(std::string(254, 'x') + "\u00e9"), Optional(HasSubstr("255 bytes")));
}

TEST(TopicName, IsUtf8) {
  for (const std::string& topic : {"a\xFF"s, "\xC3"s, "\xED\xA0\x80"s, "\xC0\x80"s}) {
    EXPECT_THAT(topic_name_error(topic), Optional(HasSubstr("UTF-8")));
  }
}

TEST(TopicName, HasNoControlCharacters) {
  for (int control = 0; control < 0x20; ++control) {
    EXPECT_THAT(topic_name_error("a"s + static_cast<char>(control) + "b"), Optional(HasSubstr("control"))) << control;
  }
  EXPECT_THAT(topic_name_error("a\x7F"), Optional(HasSubstr("control")));
  for (int c1 = 0x80; c1 < 0xA0; ++c1) {
    EXPECT_THAT(topic_name_error("a\xC2"s + static_cast<char>(c1)), Optional(HasSubstr("control"))) << c1;
  }
}

TEST(TopicName, ReservesSegmentsThatBeginWithADollar) {
  for (const std::string& topic : {"$"s, "$sys"s, "a/$b"s, "/$"s, "a/$b/c"s, "$/a"s}) {
    EXPECT_THAT(topic_name_error(topic), Optional(HasSubstr("reserved"))) << topic;
  }
}

TEST(TopicName, OpensSocketIoTopicsToBackends) {
  for (const std::string& topic :
       {"$room/a"s, "$room/a/b"s, "nsp/$room/a"s, "a/b/$sid/x"s, "$events"s, "nsp/$events"s, "a"s}) {
    EXPECT_EQ(topic_name_error(topic, Reserve::open), std::nullopt) << topic;
  }
  for (const std::string& topic : {"$"s, "$sys"s, "$stream"s, "nsp/$stream"s, "$room"s, "$room/"s, "$sid/"s,
                                   "$events/a"s, "$room/$a"s, "$room/a/$b"s, "$sys/$room/a"s, "$roomy/a"s}) {
    EXPECT_THAT(topic_name_error(topic, Reserve::open), Optional(HasSubstr("reserved"))) << topic;
  }
}

TEST(DefaultEvent, IsTheLastSegmentOrTheWholeTopic) {
  EXPECT_EQ(default_event("chat message"), "chat message");
  EXPECT_EQ(default_event("rooms/1/chat"), "chat");
  EXPECT_EQ(default_event("/chat"), "chat");
  EXPECT_EQ(default_event("rooms/"), "rooms/");
  EXPECT_EQ(default_event("/"), "/");
}

}  // namespace
}  // namespace proto
