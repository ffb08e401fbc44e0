// SPDX-License-Identifier: Apache-2.0
#include "proto/http/cors.h"

#include <algorithm>

#include "proto/http/response.h"

namespace proto::http {

bool Cors::allows(std::string_view origin) const {
  return std::any_of(origins.begin(), origins.end(),
                     [origin](const std::string& each) { return each == "*" || each == origin; });
}

std::string cors_headers(const Cors& cors, std::string_view origin) {
  std::string headers;
  if (origin.empty() || !cors.allows(origin)) return headers;
  append_header(headers, "Access-Control-Allow-Origin", origin);
  if (cors.credentials) append_header(headers, "Access-Control-Allow-Credentials", "true");
  return headers;
}

}  // namespace proto::http
