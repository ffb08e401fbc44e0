// SPDX-License-Identifier: Apache-2.0
// Percent-encoding, queries and targets: decoding what was encoded gives the same bytes, and everything stays in
// bounds.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "proto/http/target.h"
#include "proto/http/url.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace proto::http;
  const std::string input(reinterpret_cast<const char*>(data), size);

  require(percent_decode(percent_encode(input)) == input);
  const std::optional<std::string> decoded = percent_decode(input);
  require(decoded.has_value() == has_valid_escapes(input));
  require(!decoded || decoded->size() <= size);

  if (const std::optional<Query> query = parse_query(input)) {
    std::string again;
    for (const auto& [name, value] : *query) again += "&" + percent_encode(name) + "=" + percent_encode(value);
    require(parse_query(again) == query);
  } else {
    require(!decoded);
  }
  if (const std::optional<Target> target = split_target(input)) {
    require(!target->path.empty() && target->path.find('?') == std::string_view::npos);
    require(target->path.size() + target->query.size() <= size + 1);
    require((target->form == Target::Form::absolute) == !target->authority.empty());
  }
  return 0;
}
