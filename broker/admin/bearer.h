// SPDX-License-Identifier: Apache-2.0
// Judges the Authorization header of a request against the operator's keys (RFC 6750 §2.1).
// Thread: any.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace broker::admin {

// `header` is the value of the Authorization header. The time taken tells nothing about the keys but their lengths.
[[nodiscard]] bool bearer_allowed(std::string_view header, std::span<const std::string> keys);

}  // namespace broker::admin
