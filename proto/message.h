// SPDX-License-Identifier: Apache-2.0
// A message as every dialect sees it: the canonical form of what was published (proto/README.md, "The message").
// Thread: any. Views only: whoever hands one over keeps the bytes alive until the call returns.
#pragma once

#include <cstdint>
#include <string_view>

namespace proto {

// What the content's bytes are. A JSON string is never `json`: it is unescaped and becomes `text` where it comes in.
enum class Kind : std::uint8_t {
  text,              // UTF-8
  binary,            // any bytes
  json,              // one JSON value, grammar, UTF-8 and depth checked, the bytes as they came in
  json_attachments,  // JSON with binary attachments (Socket.IO)
};

struct Message {
  std::string_view topic;
  std::uint64_t epoch = 0;   // one life of the topic's log; written as 16 hex digits
  std::uint64_t offset = 0;  // 1, 2, 3 … within the epoch
  std::int64_t time_us = 0;  // when it was sequenced, microseconds since 1970
  std::string_view event;    // never empty: the topic's last segment unless the publisher named one
  Kind kind = Kind::text;
  std::string_view content;
  // Where it stands in the stream over its topic (a Socket.IO namespace); offset 0: there is none.
  std::uint64_t stream_epoch = 0;
  std::uint64_t stream_offset = 0;
  // Which of the subscribers of its topic, and of the stream over it, it is for (proto/audience.h); empty: all of them.
  std::string_view audience = {};
};

// What somebody publishes.
struct Publication {
  std::string_view topic;
  std::string_view event;  // empty: the default, the topic's last segment
  Kind kind = Kind::text;
  std::string_view content;
  bool quiet = false;              // nobody waits to hear that it went well: that answer may be left out
  bool by_rule = false;            // the configuration says so, and not the peer: access.client_publish is not asked
  std::string_view audience = {};  // as in Message
};

}  // namespace proto
