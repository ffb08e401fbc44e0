// SPDX-License-Identifier: Apache-2.0
// Who counts and logs what the sessions see: the shard. Views last for the call.
// Thread: the session's shard.
#pragma once

#include <cstdint>
#include <string_view>

namespace proto::socketio {

class Observer {
 public:
  enum class Recovery : std::uint8_t {
    recovered,
    unknown_pid,  // not kept any more, or never
    bad_offset,   // none, or one that was never given
    expired,      // the stream's log no longer holds what was missed
  };
  // A socket has joined its namespace, or has left it, by whatever way.
  virtual void connected(std::string_view nsp) = 0;
  virtual void disconnected(std::string_view nsp) = 0;
  virtual void recovered(std::string_view nsp, Recovery result) = 0;
  // An event for which there is no rule; logged once for each name.
  virtual void unmatched(std::string_view nsp, std::string_view event) = 0;
  // What was refused and why, as a metric's label. `nsp` is empty where there is none (yet).
  virtual void refused(std::string_view nsp, std::string_view label) = 0;

 protected:
  ~Observer() = default;
};

}  // namespace proto::socketio
