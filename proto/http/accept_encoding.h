// SPDX-License-Identifier: Apache-2.0
// Whether a peer takes a compressed answer (Accept-Encoding, RFC 9110 §12.5.3).
// Thread: any. Errors: none; what cannot be read is not accepted, and an answer as it is fits everybody.
#pragma once

#include <string_view>

#include "proto/http/request.h"

namespace proto::http {

// By name or as "*", with a weight above 0. What is said of a coding by name goes before what is said of "*".
[[nodiscard]] bool accepts(const Request&, std::string_view coding);
[[nodiscard]] inline bool accepts_gzip(const Request& request) { return accepts(request, "gzip"); }

}  // namespace proto::http
