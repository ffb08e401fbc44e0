// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/swarm/http.h"

#include <charconv>
#include <cstdio>
#include <cstdlib>

namespace swarm {
namespace {

constexpr std::string_view end_of_line = "\r\n";

bool same_name(std::string_view name, std::string_view lower_case_name) {
  if (name.size() != lower_case_name.size()) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char lower = name[i] >= 'A' && name[i] <= 'Z' ? static_cast<char>(name[i] + 32) : name[i];
    if (lower != lower_case_name[i]) return false;
  }
  return true;
}

// Where the value of `key` begins; npos: there is none.
std::size_t value_of(std::string_view json, std::string_view key) {
  std::string written = "\"";
  written += key;
  written += "\":";
  const std::size_t at = json.find(written);
  return at == std::string_view::npos ? at : at + written.size();
}

}  // namespace

std::optional<HttpHead> read_head(std::string_view bytes) {
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  HttpHead head{.status = 0, .text = bytes.substr(0, end + 2), .bytes = end + 4};
  if (bytes.starts_with("HTTP/1.1 ")) head.status = std::atoi(std::string(bytes.substr(9, 3)).c_str());
  return head;
}

std::string_view HttpHead::header(std::string_view lower_case_name) const {
  std::string_view left = text;
  while (!left.empty()) {
    const std::size_t end = left.find(end_of_line);
    const std::string_view line = left.substr(0, end);
    left.remove_prefix(end + end_of_line.size());
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !same_name(line.substr(0, colon), lower_case_name)) continue;
    const std::size_t begin = line.find_first_not_of(' ', colon + 1);
    return begin == std::string_view::npos ? std::string_view() : line.substr(begin);
  }
  return {};
}

Chunk read_chunk(std::string_view bytes) {
  const std::size_t line = bytes.find(end_of_line);
  if (line == std::string_view::npos) return {};
  std::size_t size = 0;
  const auto [end, error] = std::from_chars(bytes.data(), bytes.data() + line, size, 16);
  if (error != std::errc() || end != bytes.data() + line) return {.kind = Chunk::Kind::bad, .data = {}};
  const std::size_t total = line + 2 + size + 2;
  if (bytes.size() < total) return {};
  if (bytes.substr(total - 2, 2) != end_of_line) return {.kind = Chunk::Kind::bad, .data = {}};
  return {
      .kind = size == 0 ? Chunk::Kind::last : Chunk::Kind::data, .data = bytes.substr(line + 2, size), .bytes = total};
}

void append_chunk(std::string& out, std::string_view data) {
  char size[24];
  std::snprintf(size, sizeof size, "%zx\r\n", data.size());
  out += size;
  out += data;
  out += end_of_line;
}

std::optional<std::uint64_t> json_number(std::string_view json, std::string_view key) {
  const std::size_t at = value_of(json, key);
  if (at == std::string_view::npos) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(json.data() + at, json.data() + json.size(), value);
  if (error != std::errc()) return std::nullopt;
  return value;
}

std::string_view json_string(std::string_view json, std::string_view key) {
  const std::size_t at = value_of(json, key);
  if (at == std::string_view::npos || at >= json.size() || json[at] != '"') return {};
  const std::size_t end = json.find('"', at + 1);
  return end == std::string_view::npos ? std::string_view() : json.substr(at + 1, end - at - 1);
}

}  // namespace swarm
