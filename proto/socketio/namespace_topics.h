// SPDX-License-Identifier: Apache-2.0
// The topics of a namespace: its events, its rooms and its sockets. Those of "/" stand at the top ("chat message",
// "$room/r"), those of "/nsp" below its name ("nsp/chat message", "nsp/$room/r").
// Thread: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace proto::socketio {

// What stands before them: "", "nsp/".
[[nodiscard]] std::string topic_prefix(std::string_view nsp);
// Of an event that a rule names, or of those that a pattern matches: these have one topic together.
[[nodiscard]] std::string named_event_topic(std::string_view nsp, std::string_view event);
[[nodiscard]] std::string pattern_events_topic(std::string_view nsp);
[[nodiscard]] std::string room_topic(std::string_view nsp, std::string_view room);
[[nodiscard]] std::string socket_topic(std::string_view nsp, std::string_view sid);
// The one order over all of them: "$stream", "nsp/$stream". To be in a namespace is to subscribe to it; nobody
// publishes to it.
[[nodiscard]] std::string stream_of(std::string_view nsp);

// Whom a message without an audience (proto/audience.h) is for: what is published to "nsp/$room/r" is for "$room/r",
// what is published to "nsp/$sid/x" for "$sid/x". Empty: for all. A view into `topic`.
[[nodiscard]] std::string_view implied_member(std::string_view topic);
// Members of a stream, which audiences name (proto/audience.h): what stands behind the prefix of a room's or a socket's
// topic.
[[nodiscard]] std::string room_member(std::string_view room);
[[nodiscard]] std::string socket_member(std::string_view sid);

// What a client names must stay where it is: as a topic it has 1 to 255 bytes of UTF-8 without control characters, and
// no segment (between slashes) of it begins with '$'.
[[nodiscard]] bool is_topic(std::string_view topic);  // of the broker's own too
[[nodiscard]] bool is_room_name(std::string_view nsp, std::string_view room);

}  // namespace proto::socketio
