// SPDX-License-Identifier: Apache-2.0
// What a client of wamp.2.json says: one message a frame, a JSON array (proto/README.md, "wamp2"). Types are strict, as
// WAMP has no polymorphic messages; the payload stays the JSON that came in.
// Thread: one at a time. Borrows the frame's text, in which strings are unescaped in place.
// Errors: values. Code and request are set also when the rest is wrong, if they were readable by then.
// Limits: 64 levels of nesting in a whole message; 1 MiB for a payload that is not one string.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "proto/message.h"
#include "proto/wamp2/options.h"
#include "proto/wamp2/words.h"

namespace proto::wamp2 {

// One message; which fields mean something depends on its code.
struct Incoming {
  Code code = Code::none;
  std::uint64_t request = 0;       // of PUBLISH, SUBSCRIBE, UNSUBSCRIBE, CALL, REGISTER, UNREGISTER
  std::string_view uri;            // HELLO's realm, the topic of PUBLISH and SUBSCRIBE
  std::uint64_t subscription = 0;  // UNSUBSCRIBE's
  HelloDetails hello;
  PublishOptions publish;
  SubscribeOptions subscribe;
  // PUBLISH's arguments as a message's content. Views the frame, or `bytes`.
  Kind kind = Kind::json;
  std::string_view content;
  std::string bytes;

  Incoming() = default;
  Incoming(const Incoming&) = delete;  // a copy's content would view the original
  Incoming& operator=(const Incoming&) = delete;
};

// Requires: the text is UTF-8. None: `message` can be acted on.
[[nodiscard]] std::optional<Fault> read_message(std::span<char> text, Incoming& message);

}  // namespace proto::wamp2
