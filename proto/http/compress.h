// SPDX-License-Identifier: Apache-2.0
// An answer's body compressed in one piece (RFC 9110 §8.4.1: gzip is RFC 1952, deflate RFC 1950).
// Thread: any; nothing is kept. Errors: none where there is memory; otherwise nothing, and the body is sent as it is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace proto::http {

enum class Coding : std::uint8_t { gzip, deflate };

// Empty: it could not be.
[[nodiscard]] std::string compress(std::string_view body, Coding coding);

}  // namespace proto::http
