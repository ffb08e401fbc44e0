// SPDX-License-Identifier: Apache-2.0
#include "proto/http/accept_encoding.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "proto/http/characters.h"

namespace proto::http {
namespace {

// What stands behind a coding: nothing, or ";q=" and a weight from 0 to 1 with at most three decimals (§12.4.2).
bool is_wanted(std::string_view parameters) {
  parameters = trim(parameters);
  if (parameters.empty()) return true;
  parameters = trim(parameters.substr(1));
  if (!parameters.starts_with("q=") && !parameters.starts_with("Q=")) return false;
  const std::string_view weight = parameters.substr(2);
  return weight.starts_with('1') || (weight.starts_with("0.") && weight.find_first_of("123456789") != weight.npos);
}

}  // namespace

bool accepts(const Request& request, std::string_view wanted_coding) {
  std::optional<bool> by_name;
  bool any = false;
  for (const std::string_view member : request.list("accept-encoding")) {
    const std::string_view coding = trim(member.substr(0, member.find(';')));
    const bool wanted = is_wanted(member.substr(std::min(member.find(';'), member.size())));
    // §8.4.1.3: "x-gzip" is gzip.
    const std::string_view named = equals_ignoring_case(coding, "x-gzip") ? "gzip" : coding;
    if (equals_ignoring_case(named, wanted_coding)) {
      by_name = by_name.value_or(false) || wanted;
    } else if (coding == "*") {
      any = wanted;
    }
  }
  return by_name.value_or(any);
}

}  // namespace proto::http
