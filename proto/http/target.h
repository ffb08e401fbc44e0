// SPDX-License-Identifier: Apache-2.0
// The request-target's forms (RFC 9112 §3.2) taken apart. The authority form belongs to CONNECT, which is refused.
// Thread: any. Views into what was given.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace proto::http {

struct Target {
  enum class Form : std::uint8_t { origin, absolute, asterisk };
  Form form = Form::origin;
  std::string_view authority;  // of the absolute form: it takes the place of Host (RFC 9112 §3.2.2)
  std::string_view path;       // percent-encoded; "/" where an absolute target has none
  std::string_view query;      // behind the '?', percent-encoded
};

[[nodiscard]] std::optional<Target> split_target(std::string_view target);

// host [":" port] of RFC 3986 §3.2, without the user's name that http forbids (RFC 9110 §4.2.4). By its characters: a
// host is compared here, never looked up.
[[nodiscard]] bool is_authority(std::string_view text);

}  // namespace proto::http
