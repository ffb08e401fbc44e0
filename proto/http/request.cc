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

template <class Visit>
void Request::each_member(std::string_view name, Visit visit) const {
  for (const auto& [key, value] : headers) {
    if (key != name) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const std::string_view member = rest.substr(0, rest.find(','));
      rest.remove_prefix(member.size() < rest.size() ? member.size() + 1 : member.size());
      // RFC 9110 §5.6.1.2: empty members do not count.
      if (const std::string_view trimmed = trim(member); !trimmed.empty()) visit(trimmed);
    }
  }
}

std::vector<std::string_view> Request::list(std::string_view name) const {
  std::vector<std::string_view> members;
  each_member(name, [&](std::string_view member) { members.push_back(member); });
  return members;
}

bool Request::has_token(std::string_view name, std::string_view token) const {
  bool found = false;
  each_member(name, [&](std::string_view member) { found = found || equals_ignoring_case(member, token); });
  return found;
}

std::optional<std::string_view> Request::parameter(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

}  // namespace proto::http
