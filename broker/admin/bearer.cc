// SPDX-License-Identifier: Apache-2.0
#include "broker/admin/bearer.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"

namespace broker::admin {
namespace {

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  // Volatile, so that the compiler cannot end the loop at the first difference.
  volatile unsigned char difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference =
        static_cast<unsigned char>(difference | (static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i])));
  }
  return difference == 0;
}

// RFC 9110 §11.1: the scheme's name is not case-sensitive.
bool begins_with_scheme(std::string_view header) {
  constexpr std::string_view scheme = "bearer ";
  if (header.size() <= scheme.size()) return false;
  for (std::size_t i = 0; i < scheme.size(); ++i) {
    if (absl::ascii_tolower(static_cast<unsigned char>(header[i])) != scheme[i]) return false;
  }
  return true;
}

}  // namespace

bool bearer_allowed(std::string_view header, std::span<const std::string> keys) {
  if (!begins_with_scheme(header)) return false;
  std::string_view given = header.substr(header.find(' '));
  given.remove_prefix(std::min(given.find_first_not_of(' '), given.size()));
  bool allowed = false;
  for (const std::string& key : keys) allowed |= !key.empty() && equal_in_constant_time(given, key);
  return allowed;
}

}  // namespace broker::admin
