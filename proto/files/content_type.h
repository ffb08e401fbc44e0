// SPDX-License-Identifier: Apache-2.0
// A file's Content-Type by its name. Thread: any.
#pragma once

#include <string_view>

namespace proto::files {

// By what stands behind the last dot, in capitals or not; application/octet-stream for what is not known. Text is taken
// to be UTF-8. Constant.
[[nodiscard]] std::string_view content_type(std::string_view name);

}  // namespace proto::files
