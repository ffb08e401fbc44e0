// SPDX-License-Identifier: Apache-2.0
#include "proto/http/request.h"

#include "proto/http/characters.h"

namespace proto::http {

std::string_view Request::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

std::vector<std::string_view> Request::list(std::string_view name) const {
  std::vector<std::string_view> members;
  for (const auto& [key, value] : headers) {
    if (key != name) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const std::string_view member = rest.substr(0, rest.find(','));
      rest.remove_prefix(member.size() < rest.size() ? member.size() + 1 : member.size());
      // RFC 9110 §5.6.1.2: empty members do not count.
      if (const std::string_view trimmed = trim(member); !trimmed.empty()) members.push_back(trimmed);
    }
  }
  return members;
}

std::optional<std::string_view> Request::parameter(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

}  // namespace proto::http
