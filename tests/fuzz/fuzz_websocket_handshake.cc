// SPDX-License-Identifier: Apache-2.0
// A handshake is taken with a whole key and clean subprotocols, or refused with a status that fits; what is answered
// never has a byte that splits its head. The input is lines: "METHOD MINOR", then "name: value".
#include <cstdint>
#include <cstdlib>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "proto/websocket/handshake.h"

namespace {

using namespace proto::websocket;

void require(bool condition) {
  if (!condition) std::abort();
}

// Not SHA-1: the target looks at what is done with a digest, not at the digest.
void digest(std::string_view in, unsigned char out[20]) {
  for (int i = 0; i < 20; ++i) out[i] = 0;
  for (std::size_t i = 0; i < in.size(); ++i) {
    out[i % 20] = static_cast<unsigned char>(out[i % 20] * 31 + static_cast<unsigned char>(in[i]));
  }
}

std::string trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(" \t\r") + 1 - begin));
}

std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

void check_taken(const Handshake& handshake) {
  std::string key;  // canonical: what decodes to 16 bytes, and encodes to itself
  require(absl::Base64Unescape({handshake.key.data(), handshake.key.size()}, &key) && key.size() == 16);
  require(absl::Base64Escape(key) == handshake.key);
  require(handshake.offered.size() <= subprotocols_offered_max);
  const std::set<std::string_view> unique(handshake.offered.begin(), handshake.offered.end());
  require(unique.size() == handshake.offered.size());
  const std::vector<std::string_view> spoken = {"kodama.v1.json", "chat"};
  const std::string_view selected = select_subprotocol(handshake.offered, spoken);
  require(selected.empty() || unique.contains(selected));
  for (const std::string_view name : handshake.offered) {
    require(!name.empty() && name.find_first_of(std::string_view(" \t\r\n,\"\0", 7)) == std::string_view::npos);
    std::string out;
    append_switching_protocols(out, accept_key(handshake.key, digest), name, "");
    require(out.find("\r\n\r\n") == out.size() - 4);
    require(out.find("Sec-WebSocket-Accept: ") != std::string::npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view first = take_line(text);
  const std::string method(first.substr(0, first.find(' ')));
  const int version_minor = first.ends_with('1') ? 1 : 0;
  std::vector<std::pair<std::string, std::string>> headers;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    std::string name(line.substr(0, colon));
    absl::AsciiStrToLower(&name);
    headers.emplace_back(name, trim(line.substr(colon + 1)));
  }
  const std::vector<std::pair<std::string_view, std::string_view>> views(headers.begin(), headers.end());
  const auto result = check_handshake({method, version_minor, views});
  if (const auto* const handshake = std::get_if<Handshake>(&result)) {
    check_taken(*handshake);
  } else {
    const auto& refusal = std::get<Refusal>(result);
    require(refusal.status() == 400 || refusal.status() == 405 || refusal.status() == 426);
    require(!refusal.message.empty());
    require(refusal.extra_headers.empty() || refusal.extra_headers.ends_with("\r\n"));
  }
  return 0;
}
