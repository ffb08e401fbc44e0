// SPDX-License-Identifier: Apache-2.0
#include "config/file.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

#include "absl/strings/str_format.h"
#include "config/limits.h"
#include "config/words.h"

namespace config {
namespace {

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

Unreadable unreadable(const std::string& path, int error) {
  return {absl::StrFormat("cannot read %s: %s", quote(path), std::generic_category().message(error))};
}

}  // namespace

std::variant<std::string, Unreadable> read_file(const std::string& path) {
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rbe"));
  if (!file) return unreadable(path, errno);
  std::string text;
  std::array<char, 16384> piece{};
  errno = 0;
  while (const std::size_t bytes = std::fread(piece.data(), 1, piece.size(), file.get())) {
    text.append(piece.data(), bytes);
    if (text.size() > limits::settings_file_bytes_max) {
      return Unreadable{
          absl::StrFormat("cannot read %s: it is larger than %u bytes", quote(path), limits::settings_file_bytes_max)};
    }
  }
  if (std::ferror(file.get()) != 0) return unreadable(path, errno);  // a directory opens, and fails here
  return text;
}

}  // namespace config
