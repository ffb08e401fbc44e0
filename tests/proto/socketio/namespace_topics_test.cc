// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/namespace_topics.h"

#include <gtest/gtest.h>

namespace proto::socketio {
namespace {

TEST(NamespaceTopics, StandBelowTheNamespacesName) {
  EXPECT_EQ(stream_of("/"), "$stream");
  EXPECT_EQ(stream_of("/nsp"), "nsp/$stream");
  EXPECT_EQ(stream_of("/a/b"), "a/b/$stream");
  EXPECT_EQ(room_topic("/", "r"), "$room/r");
  EXPECT_EQ(room_topic("/a/b", "r/s"), "a/b/$room/r/s");
  EXPECT_EQ(socket_topic("/nsp", "x"), "nsp/$sid/x");
  EXPECT_EQ(pattern_events_topic("/nsp"), "nsp/$events");
  EXPECT_EQ(named_event_topic("/", "chat message"), "chat message");
}

TEST(NamespaceTopics, OfRoomsAndSocketsNameWhomTheyAreFor) {
  const struct {
    std::string_view topic;
    std::string_view member;
  } cases[] = {
      {"$room/r", "$room/r"},
      {"$sid/x", "$sid/x"},
      {"nsp/$room/r", "$room/r"},
      {"a/b/$sid/x", "$sid/x"},
      {"$room/r/s", "$room/r/s"},
      {"nsp/$room/r/$sid/x", "$room/r/$sid/x"},
      {"$room/", "$room/"},  // which nobody is in
      {"chat message", ""},
      {"a/b", ""},
      {"$events", ""},
      {"nsp/$events", ""},
      {"nsp/$stream", ""},
      {"$room", ""},
      {"$rooms/r", ""},
      {"price$room/r", ""},
      {"$events/$room/r", ""},
      {"", ""},
      {"$", ""},
      {"/$", ""},
  };
  for (const auto& each : cases) EXPECT_EQ(implied_member(each.topic), each.member) << each.topic;
}

}  // namespace
}  // namespace proto::socketio
