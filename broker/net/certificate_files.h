// SPDX-License-Identifier: Apache-2.0
// Small files of the start: certificates and keys.
// Thread: any; blocks on the disk, so never from a running shard.
// Errors: a sentence without the path, which the caller puts before it.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

namespace broker::net {

struct FileText {
  std::string text;
  std::string error;  // empty: all is well
};
[[nodiscard]] FileText read_small_file(const std::string& path);

// Replaces the file in one step, with this mode from its first moment on: a reader sees the old text or the new
// one, and nobody else ever sees a private one. Returns the error, or an empty string.
[[nodiscard]] std::string write_file_atomically(const std::string& path, std::string_view text, mode_t mode);

}  // namespace broker::net
