// SPDX-License-Identifier: Apache-2.0
// Which pages of other origins may see an answer (the Fetch standard, "CORS protocol"), where it is not access.origins
// that says so. Thread: any.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace proto::http {

struct Cors {
  std::vector<std::string> origins;  // "https://app.example.com", or "*"
  bool credentials = false;

  [[nodiscard]] bool allows(std::string_view origin) const;
};

// Whole lines; nothing for who has no Origin, or none that is allowed. A `Vary: Origin` is the caller's.
[[nodiscard]] std::string cors_headers(const Cors& cors, std::string_view origin);

}  // namespace proto::http
