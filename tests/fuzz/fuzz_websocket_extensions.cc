// SPDX-License-Identifier: Apache-2.0
// The extensions' header: whatever it says is agreed on within what we can do, declined or refused; and an answer, read
// as an offer, is agreed on as it stands. The input is lines, each a header's value.
#include <cstdint>
#include <cstdlib>

#include "proto/websocket/extensions.h"

namespace {

using namespace proto::websocket;
using Headers = std::vector<std::pair<std::string_view, std::string_view>>;

void require(bool condition) {
  if (!condition) std::abort();
}

auto negotiate(const Headers& headers, ClientWindow window) {
  return negotiate_deflate({.method = "GET", .version_minor = 1, .headers = headers}, window);
}

void check(const PerMessageDeflate& agreed, ClientWindow window) {
  require(agreed.server_window_bits >= server_window_bits_min && agreed.server_window_bits <= window_bits_max);
  require(agreed.client_window_bits >= window_bits_min && agreed.client_window_bits <= window_bits_max);
  require(!agreed.client_takes_over || window == ClientWindow::may_go_on);
  std::string line;
  append_extension(line, agreed);
  require(line.find("\r\n") == line.size() - 2);
  constexpr std::string_view name = "Sec-WebSocket-Extensions: ";
  require(line.starts_with(name));
  const std::string_view value = std::string_view(line).substr(name.size(), line.size() - name.size() - 2);
  const auto again = negotiate({{"sec-websocket-extensions", value}}, window);
  require(std::get<0>(again) == agreed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  Headers headers;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    headers.emplace_back("sec-websocket-extensions", line);
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  for (const ClientWindow window : {ClientWindow::new_each_message, ClientWindow::may_go_on}) {
    const auto result = negotiate(headers, window);
    if (const auto* const refusal = std::get_if<Refusal>(&result)) {
      require(refusal->status() == 400 && !headers.empty());
    } else if (const auto& agreed = std::get<0>(result)) {
      check(*agreed, window);
    }
  }
  return 0;
}
