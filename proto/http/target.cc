// SPDX-License-Identifier: Apache-2.0
#include "proto/http/target.h"

#include <algorithm>

#include "proto/http/characters.h"

namespace proto::http {
namespace {

// What stands behind "http://" or "https://"; none when neither begins the text.
std::optional<std::string_view> behind_scheme(std::string_view target) {
  for (const std::string_view scheme : {std::string_view("http://"), std::string_view("https://")}) {
    if (equals_ignoring_case(target.substr(0, scheme.size()), scheme)) return target.substr(scheme.size());
  }
  return std::nullopt;
}

}  // namespace

std::optional<Target> split_target(std::string_view target) {
  Target result;
  if (target == "*") {
    result.form = Target::Form::asterisk;
    result.path = target;
    return result;
  }
  std::string_view rest = target;
  if (!rest.starts_with('/')) {
    const std::optional<std::string_view> behind = behind_scheme(target);
    if (!behind) return std::nullopt;
    result.form = Target::Form::absolute;
    result.authority = behind->substr(0, behind->find_first_of("/?"));
    if (!is_authority(result.authority)) return std::nullopt;
    rest = behind->substr(result.authority.size());
  }
  const std::size_t mark = std::min(rest.find('?'), rest.size());
  result.path = mark == 0 ? std::string_view("/") : rest.substr(0, mark);
  result.query = rest.substr(std::min(mark + 1, rest.size()));
  return result;
}

bool is_authority(std::string_view text) {
  return !text.empty() && !text.starts_with(':') && end_of_run(host_character, text, 0) == text.size();
}

}  // namespace proto::http
