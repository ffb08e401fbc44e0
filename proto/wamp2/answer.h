// SPDX-License-Identifier: Apache-2.0
// What a broker of wamp.2.json says about sessions and requests, each in a text frame.
// Thread: any.
// Limits: none exceeds what the host makes room for; what words go in are the broker's own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proto/session.h"
#include "proto/wamp2/words.h"

namespace proto::wamp2 {

[[nodiscard]] std::string welcome(std::uint64_t session, std::string_view realm);
[[nodiscard]] std::string abort_message(std::string_view uri, std::string_view words);
[[nodiscard]] std::string goodbye_and_out();
[[nodiscard]] std::string error(Code request_type, std::uint64_t request, std::string_view uri, std::string_view words);
// [code, request] and [code, request, id].
[[nodiscard]] std::string acknowledgement(Code code, std::uint64_t request);
[[nodiscard]] std::string acknowledgement(Code code, std::uint64_t request, std::uint64_t id);

// [35, 0, {"subscription", "reason"}]: an UNSUBSCRIBED that nobody asked for.
[[nodiscard]] std::string revocation(std::uint64_t subscription);

// The URI that says what the status says.
[[nodiscard]] std::string_view uri_of(const Error& error);

}  // namespace proto::wamp2
