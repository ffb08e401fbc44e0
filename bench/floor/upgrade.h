// SPDX-License-Identifier: Apache-2.0
// A connection's HTTP request, read to the blank line and answered with a constant: every client of the benchmark sends
// the same Sec-WebSocket-Key, so that nobody computes anything.
//
// Thread: one. Owns: the beginnings of requests that came in pieces. Limits: 16 KiB a request.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace bench::floor {

constexpr std::string_view switching_protocols =
    "HTTP/1.1 101 Switching Protocols\r\n"
    "Upgrade: websocket\r\n"
    "Connection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

class Upgrades {
 public:
  struct Request {
    bool publisher = false;  // the target has publish=only
    std::string rest;        // what came behind the blank line
  };

  // Nothing until the blank line has come.
  [[nodiscard]] std::optional<Request> take(int slot, std::string_view bytes) {
    if (begun_.empty() || !begun_.contains(slot)) {
      if (auto request = parse(bytes)) return request;
    }
    std::string& begun = begun_[slot];
    begun += bytes;
    auto request = parse(begun);
    if (request || begun.size() > bytes_max) begun_.erase(slot);
    return request;
  }
  void forget(int slot) {
    if (!begun_.empty()) begun_.erase(slot);
  }

 private:
  static constexpr std::size_t bytes_max = 16384;

  static std::optional<Request> parse(std::string_view bytes) {
    constexpr std::string_view blank_line = "\r\n\r\n";
    const std::size_t end = bytes.ends_with(blank_line) ? bytes.size() - blank_line.size() : bytes.find(blank_line);
    if (end == std::string_view::npos) return std::nullopt;
    return Request{.publisher = bytes.substr(0, bytes.find('\n')).find("publish=only") != std::string_view::npos,
                   .rest = std::string(bytes.substr(end + blank_line.size()))};
  }

  std::unordered_map<int, std::string> begun_;
};

}  // namespace bench::floor
