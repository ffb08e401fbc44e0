// SPDX-License-Identifier: Apache-2.0
// Reads a stream of events as a browser does (WHATWG HTML §9.2.6), without the code under test.
// Thread: one. Owns: what it has read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fakes {

struct EventSeen {
  std::string type;
  std::string data;
  std::string id;  // lastEventId, as the event's listener sees it
  bool operator==(const EventSeen&) const = default;
};

struct EventStream {
  std::vector<EventSeen> events;
  std::string last_event_id;
  std::string retry;
  std::string unread;  // a line that has no end yet

  void read(std::string_view bytes) {
    for (const char byte : bytes) {
      const bool second_of_crlf = after_return_ && byte == '\n';
      after_return_ = byte == '\r';
      if (second_of_crlf) continue;
      if (byte == '\r' || byte == '\n') {
        read_line(std::exchange(unread, {}));
      } else {
        unread += byte;
      }
    }
  }

 private:
  void read_line(std::string_view line) {
    if (line.empty()) return dispatch();
    const std::size_t colon = line.find(':');
    if (colon == 0) return;
    std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    const std::string_view field = line.substr(0, colon);
    if (field == "event") type_ = value;
    if (field == "data") data_.append(value) += '\n';
    if (field == "id" && value.find('\0') == std::string_view::npos) id_ = value;
    if (field == "retry") retry = value;
  }

  void dispatch() {
    last_event_id = id_;
    if (!data_.empty()) {
      data_.pop_back();
      events.push_back({type_.empty() ? "message" : type_, data_, last_event_id});
    }
    type_.clear();
    data_.clear();
  }

  std::string type_;
  std::string data_;
  std::string id_;
  bool after_return_ = false;
};

inline EventStream read_events(std::string_view bytes) {
  EventStream stream;
  stream.read(bytes);
  return stream;
}

}  // namespace fakes
