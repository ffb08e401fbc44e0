// SPDX-License-Identifier: Apache-2.0
// Percent-encoding (RFC 3986 §2.1), queries as browsers' forms and URLSearchParams write them.
// Thread: any.
// Errors: an empty optional. What comes out may hold any byte, NUL and broken UTF-8 too: whoever uses it checks it.
// Limits: output is never longer than input (percent_encode: three times as long).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proto::http {

// Decodes once: "%2525" is "%25". A '%' without two hex digits is an error.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view);
[[nodiscard]] bool has_valid_escapes(std::string_view);
// Leaves unreserved characters (RFC 3986 §2.3) as they are and encodes all others, '/' and space among them.
[[nodiscard]] std::string percent_encode(std::string_view);

using Query = std::vector<std::pair<std::string, std::string>>;
// "a=1&b" is {a,1} {b,""}; '+' is a space; empty items are left out.
[[nodiscard]] std::optional<Query> parse_query(std::string_view);

}  // namespace proto::http
