// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/namespace_topics.h"

#include "proto/topic_name.h"

namespace proto::socketio {

std::string topic_prefix(std::string_view nsp) { return nsp == "/" ? "" : std::string(nsp.substr(1)) + "/"; }

std::string named_event_topic(std::string_view nsp, std::string_view event) { return topic_prefix(nsp) += event; }

std::string pattern_events_topic(std::string_view nsp) { return topic_prefix(nsp) += "$events"; }

std::string room_topic(std::string_view nsp, std::string_view room) { return topic_prefix(nsp) += room_member(room); }

std::string socket_topic(std::string_view nsp, std::string_view sid) { return topic_prefix(nsp) += socket_member(sid); }

std::string stream_of(std::string_view nsp) { return topic_prefix(nsp) += "$stream"; }

std::string room_member(std::string_view room) { return "$room/" + std::string(room); }

std::string socket_member(std::string_view sid) { return "$sid/" + std::string(sid); }

// A segment of a namespace's own name never begins with '$', so the first that does ends it.
std::string_view implied_member(std::string_view topic) {
  std::size_t begin = 0;
  if (!topic.starts_with('$')) {
    begin = topic.find("/$");
    if (begin == std::string_view::npos) return {};
    ++begin;
  }
  const std::string_view member = topic.substr(begin);
  return member.starts_with("$room/") || member.starts_with("$sid/") ? member : std::string_view();
}

bool is_topic(std::string_view topic) { return !topic_name_error(topic, Reserve::open); }

bool is_room_name(std::string_view nsp, std::string_view room) {
  return !topic_name_error(room) && is_topic(room_topic(nsp, room));
}

}  // namespace proto::socketio
