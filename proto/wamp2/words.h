// SPDX-License-Identifier: Apache-2.0
// WAMP's own numbers and words: message codes (basic profile, "Message Codes and Direction"), the range of ids, URIs of
// errors.
// Thread: any.
#pragma once

#include <cstdint>
#include <string_view>

namespace proto::wamp2 {

enum class Code : std::uint16_t {
  none = 0,
  hello = 1,
  welcome = 2,
  abort = 3,
  goodbye = 6,
  error = 8,
  publish = 16,
  published = 17,
  subscribe = 32,
  subscribed = 33,
  unsubscribe = 34,
  unsubscribed = 35,
  event = 36,
  call = 48,
  cancel = 49,
  register_ = 64,
  unregister = 66,
};

inline constexpr std::uint64_t id_max = std::uint64_t{1}
                                        << 53;  // what a JavaScript number holds exactly; the least is 1

namespace uris {
inline constexpr std::string_view invalid_argument = "wamp.error.invalid_argument";
inline constexpr std::string_view invalid_uri = "wamp.error.invalid_uri";
inline constexpr std::string_view no_matching_auth_method = "wamp.error.no_matching_auth_method";
inline constexpr std::string_view no_such_procedure = "wamp.error.no_such_procedure";
inline constexpr std::string_view no_such_realm = "wamp.error.no_such_realm";
inline constexpr std::string_view no_such_registration = "wamp.error.no_such_registration";
inline constexpr std::string_view no_such_subscription = "wamp.error.no_such_subscription";
inline constexpr std::string_view not_authorized = "wamp.error.not_authorized";
inline constexpr std::string_view option_not_allowed = "wamp.error.option_not_allowed";
inline constexpr std::string_view payload_size_exceeded = "wamp.error.payload_size_exceeded";
inline constexpr std::string_view protocol_violation = "wamp.error.protocol_violation";
inline constexpr std::string_view unavailable = "wamp.error.unavailable";
}  // namespace uris

}  // namespace proto::wamp2
