// SPDX-License-Identifier: Apache-2.0
// A head that the strict scan has passed, split where the scan has found its parts, and turned into a Request.
// Thread: any.
// Errors: a Refusal: what the grammar allows and the meaning forbids (escapes, expectations, a POST without a length).
#pragma once

#include <string_view>
#include <variant>

#include "proto/http/head_scan.h"
#include "proto/http/limits.h"
#include "proto/http/request.h"

namespace proto::http {

// Requires: scan is done and its head is the beginning of `head`.
[[nodiscard]] std::variant<Request, Refusal> parse_head(std::string_view head, const HeadScan& scan);

}  // namespace proto::http
