// SPDX-License-Identifier: Apache-2.0
// Which topics form a group: share a home, and have beside their own orders one over all of them, the group's stream.
// A topic that no stream is over is its own group.
// Thread: any; constant once made.
#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "broker/topics/name.h"

namespace broker::topics {

class Groups {
 public:
  // What one stream is over: a Socket.IO namespace's events, rooms and sockets.
  struct Members {
    std::string stream;                 // a name that no client and no backend may say
    std::vector<std::string> topics;    // these
    std::vector<std::string> prefixes;  // and all whose names begin so; none is empty
  };

  Groups() = default;
  // Who names a topic has it before those who name a prefix of it; of those the first.
  explicit Groups(std::vector<Members> streams);
  Groups(Groups&&) = default;
  Groups& operator=(Groups&&) = default;

  // The name of the stream that is over the topic; a stream is over itself. Null: none.
  [[nodiscard]] const std::string* stream_of(const Name& topic) const {
    const bool may_be = !topic.text.empty() && first_bytes_[static_cast<std::uint8_t>(topic.text.front())];
    return may_be ? find(topic) : nullptr;
  }
  [[nodiscard]] bool is_stream(const Name& topic) const {
    const std::string* const stream = stream_of(topic);
    return stream != nullptr && *stream == topic.text;
  }
  // What the home is chosen by.
  [[nodiscard]] std::string_view group_of(const Name& topic) const {
    const std::string* const stream = stream_of(topic);
    return stream == nullptr ? topic.text : std::string_view(*stream);
  }

 private:
  [[nodiscard]] const std::string* find(const Name& topic) const;

  std::vector<Members> streams_;
  std::bitset<256> first_bytes_;  // of all that is claimed: most topics are nobody's, and are not looked up
  absl::flat_hash_map<Name, const std::string*, NameHash, std::equal_to<>> by_topic_;  // the texts are in streams_
};

}  // namespace broker::topics
