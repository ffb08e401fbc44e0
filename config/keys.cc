// SPDX-License-Identifier: Apache-2.0
#include "config/keys.h"

#include <algorithm>
#include <variant>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "config/file.h"
#include "config/limits.h"

namespace config {
namespace {

// What is wrong with a key; empty when nothing is.
std::string problem(std::string_view key) {
  if (key.size() < limits::access_key_bytes_min) {
    return absl::StrFormat("a key of %u characters can be guessed; at least %u are wanted (openssl rand -hex 32)",
                           key.size(), limits::access_key_bytes_min);
  }
  if (key.size() > limits::access_key_bytes_max) {
    return absl::StrFormat("a key has at most %u characters, this one has %u", limits::access_key_bytes_max,
                           key.size());
  }
  const bool visible = std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  return visible ? "" : "a key is one word of visible ASCII characters, as a request's header can carry";
}

}  // namespace

AccessKeys parse_keys(std::string_view name, std::string_view text) {
  AccessKeys read;
  int line_number = 0;
  for (const absl::string_view raw : absl::StrSplit(absl::string_view(text.data(), text.size()), '\n')) {
    ++line_number;
    const std::string line(absl::StripAsciiWhitespace(raw));
    if (line.empty() || line.starts_with('#')) continue;
    if (std::string what = problem(line); !what.empty()) {
      read.mistakes.push_back({absl::StrFormat("%s:%d", name, line_number), "", std::move(what)});
    } else {
      read.keys.push_back(line);
    }
  }
  if (read.keys.empty() && read.mistakes.empty()) {
    read.mistakes.push_back({std::string(name), "", "holds no key; write one a line (openssl rand -hex 32)"});
  }
  return read;
}

AccessKeys load_keys(const std::string& path) {
  auto contents = read_file(path);
  if (auto* wrong = std::get_if<Unreadable>(&contents)) return {{}, {{path, "", std::move(wrong->why)}}};
  return parse_keys(path, std::get<std::string>(contents));
}

}  // namespace config
