// SPDX-License-Identifier: Apache-2.0
#include "proto/websocket/handshake.h"

#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "proto/websocket/token.h"

namespace proto::websocket {
namespace {

constexpr std::string_view accept_guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // §1.3
constexpr std::size_t sha1_bytes = 20;
constexpr std::size_t key_digits = 22;  // base64 of 16 bytes
constexpr std::string_view key_padding = "==";
constexpr std::size_t key_bytes = key_digits + key_padding.size();
constexpr std::string_view version_spoken = "13";
// A 426 names what to upgrade to (RFC 9110 §15.5.22) and the version that is spoken (RFC 6455 §4.4).
constexpr std::string_view upgrade_headers =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";

// Debian's Abseil has a string_view of its own.
absl::string_view to_absl(std::string_view text) { return {text.data(), text.size()}; }

std::string_view trim(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// The headers of one name, of which a request may carry several lines.
class Lines {
 public:
  Lines(const HandshakeRequest& request, std::string_view name) : request_(request), name_(name) {}

  template <class Visit>
  void each(Visit visit) const {
    for (const auto& [name, value] : request_.headers) {
      if (name == name_) visit(value);
    }
  }
  // A list's elements over all lines; empty ones do not count (RFC 9110 §5.6.1.2).
  template <class Visit>
  void each_element(Visit visit) const {
    each([&visit](std::string_view value) {
      while (!value.empty()) {
        const std::size_t comma = std::min(value.find(','), value.size());
        if (const std::string_view element = trim(value.substr(0, comma)); !element.empty()) visit(element);
        value.remove_prefix(std::min(comma + 1, value.size()));
      }
    });
  }
  [[nodiscard]] std::size_t count() const {
    std::size_t count = 0;
    each([&count](std::string_view) { ++count; });
    return count;
  }
  [[nodiscard]] std::string_view last() const {
    std::string_view last;
    each([&last](std::string_view value) { last = value; });
    return last;
  }
  [[nodiscard]] bool has_element(std::string_view wanted) const {
    bool found = false;
    each_element(
        [&](std::string_view element) { found = found || absl::EqualsIgnoreCase(to_absl(element), to_absl(wanted)); });
    return found;
  }

 private:
  const HandshakeRequest& request_;
  std::string_view name_;
};

// Base64 of 16 bytes in its one canonical form: the last of 22 digits stands for two bits, and four of zero.
bool is_key(std::string_view text) {
  const auto is_digit = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '+' || c == '/';
  };
  if (text.size() != key_bytes || !text.ends_with(key_padding)) return false;
  text.remove_suffix(key_padding.size());
  return std::all_of(text.begin(), text.end(), is_digit) && std::string_view("AQgw").find(text.back()) != text.npos;
}

bool has_body(const HandshakeRequest& request) {
  const Lines length(request, "content-length");
  return Lines(request, "transfer-encoding").count() > 0 || (length.count() > 0 && length.last() != "0");
}

// §4.2.1, items 1 to 6.
std::optional<Refusal> check_fields(const HandshakeRequest& request) {
  const auto bad = [](std::string_view message) { return Refusal{Reason::bad_request, message, {}}; };
  const auto upgrade = [](std::string_view message) {
    return Refusal{Reason::upgrade_required, message, upgrade_headers};
  };
  if (request.method != "GET") {
    return Refusal{Reason::method_not_allowed, "a WebSocket begins with GET", "Allow: GET\r\n"};
  }
  if (request.version_minor < 1) return bad("a WebSocket begins with HTTP/1.1");
  if (Lines(request, "host").count() != 1) return bad("one Host header is needed");
  if (!Lines(request, "upgrade").has_element("websocket")) {
    return upgrade("this is a WebSocket: send Upgrade: websocket");
  }
  if (!Lines(request, "connection").has_element("upgrade")) return bad("Connection does not name Upgrade");
  if (has_body(request)) return bad("a WebSocket's request has no body");
  const Lines version(request, "sec-websocket-version");
  if (version.count() != 1) return bad("one Sec-WebSocket-Version is needed");
  if (version.last() != version_spoken) return upgrade("Sec-WebSocket-Version 13 is spoken here");
  const Lines key(request, "sec-websocket-key");
  if (key.count() != 1) return bad("one Sec-WebSocket-Key is needed");
  if (!is_key(key.last())) return bad("Sec-WebSocket-Key is not 16 bytes in base64");
  return std::nullopt;
}

}  // namespace

// Measured by handshake of bench/micro.
std::variant<Handshake, Refusal> check_handshake(const HandshakeRequest& request) {
  if (const auto refusal = check_fields(request)) return *refusal;
  Handshake handshake{Lines(request, "sec-websocket-key").last(), {}};
  std::string_view mistake;
  Lines(request, "sec-websocket-protocol").each_element([&](std::string_view name) {
    auto& offered = handshake.offered;
    if (!mistake.empty()) return;
    if (!is_token(name)) {
      mistake = "Sec-WebSocket-Protocol has an element that is not a token";
    } else if (std::find(offered.begin(), offered.end(), name) != offered.end()) {
      mistake = "Sec-WebSocket-Protocol names a subprotocol twice";  // §4.1, item 10
    } else if (offered.size() == subprotocols_offered_max) {
      mistake = "Sec-WebSocket-Protocol names more than 32 subprotocols";
    } else {
      offered.push_back(name);
    }
  });
  if (!mistake.empty()) return Refusal{Reason::bad_request, mistake, {}};
  return handshake;
}

std::string_view select_subprotocol(std::span<const std::string_view> offered,
                                    std::span<const std::string_view> spoken) {
  for (const std::string_view name : offered) {
    if (std::find(spoken.begin(), spoken.end(), name) != spoken.end()) return name;
  }
  return {};
}

std::string accept_key(std::string_view key, Sha1 sha1) {
  char input[key_bytes + accept_guid.size()];
  const std::size_t size = key.copy(input, key_bytes);
  accept_guid.copy(input + size, accept_guid.size());
  unsigned char digest[sha1_bytes];
  sha1({input, size + accept_guid.size()}, digest);
  return absl::Base64Escape(absl::string_view(reinterpret_cast<const char*>(digest), sha1_bytes));
}

void append_switching_protocols(std::string& out, std::string_view accept, std::string_view subprotocol,
                                std::string_view extra_headers) {
  out.append("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ");
  out.append(accept).append("\r\n");
  if (!subprotocol.empty()) out.append("Sec-WebSocket-Protocol: ").append(subprotocol).append("\r\n");
  out.append(extra_headers).append("\r\n");
}

}  // namespace proto::websocket
