// SPDX-License-Identifier: Apache-2.0
#include "config/address.h"

#include <arpa/inet.h>

#include <array>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "config/words.h"

namespace config {
namespace {

// The address as the system writes it ("::0:1" is "::1"), so that two spellings of one address compare equal.
std::optional<std::string> canonical(int family, std::string_view host) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (host.find('\0') != std::string_view::npos) return std::nullopt;  // inet_pton would stop there
  if (inet_pton(family, std::string(host).c_str(), bytes.data()) != 1) return std::nullopt;
  if (inet_ntop(family, bytes.data(), text.data(), text.size()) == nullptr) return std::nullopt;
  return std::string(text.data());
}

std::variant<std::uint16_t, std::string> parse_port(std::string_view text) {
  std::uint32_t port = 0;
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  if (!digits) return absl::StrFormat("the port must be a number from 0 to 65535, is %s", quote(text));
  if (text.size() > 5 || !absl::SimpleAtoi(absl::string_view(text.data(), text.size()), &port) || port > 65535) {
    return absl::StrFormat("the port must be from 0 to 65535, is %s", text);
  }
  return static_cast<std::uint16_t>(port);
}

std::variant<Address, std::string> with_port(std::string host, std::string_view port) {
  auto parsed = parse_port(port);
  if (auto* wrong = std::get_if<std::string>(&parsed)) return std::move(*wrong);
  return Address{std::move(host), std::get<std::uint16_t>(parsed)};
}

std::variant<Address, std::string> parse_ipv6(std::string_view text) {
  const std::size_t end = text.find("]:");
  if (end == std::string_view::npos) return absl::StrFormat("%s has no port; write [address]:port", quote(text));
  const std::string_view inside = text.substr(1, end - 1);
  auto host = canonical(AF_INET6, inside);
  if (!host) return absl::StrFormat("%s is not an IPv6 address", quote(inside));
  return with_port(std::move(*host), text.substr(end + 2));
}

}  // namespace

bool Address::any() const { return host == "0.0.0.0" || host == "::"; }

bool Address::loopback() const { return host == "::1" || (!ipv6() && host.starts_with("127.")); }

std::variant<Address, std::string> parse_address(std::string_view text) {
  if (text.starts_with('[')) return parse_ipv6(text);
  if (auto bare = canonical(AF_INET6, text)) {
    return absl::StrFormat("an IPv6 address stands in brackets, with a port behind them; did you mean \"[%s]:8000\"?",
                           *bare);
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    const bool port_alone = !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
    if (port_alone) return absl::StrFormat("needs an address too; did you mean \"127.0.0.1:%s\"?", text);
    return absl::StrFormat("%s has no port; write address:port, such as 127.0.0.1:8000", quote(text));
  }
  const std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host == "localhost") return with_port("127.0.0.1", port);
  if (auto ipv4 = canonical(AF_INET, host)) return with_port(std::move(*ipv4), port);
  if (host.empty() || host == "*") {
    return absl::StrFormat("needs an address before the port; did you mean %s, every address?",
                           quote(absl::StrFormat("0.0.0.0:%s", port)));
  }
  return absl::StrFormat("%s is not an IP address; write address:port, such as 127.0.0.1:8000 or [::1]:8000",
                         quote(host));
}

std::string format(const Address& address) {
  return address.ipv6() ? absl::StrCat("[", address.host, "]:", address.port)
                        : absl::StrCat(address.host, ":", address.port);
}

bool collide(const Address& one, const Address& other) {
  if (one.port == 0 || one.port != other.port) return false;
  if (one.host == other.host) return true;
  // "::" takes IPv4 as well unless the listener says otherwise, so it stands for every address.
  if (one.host == "::" || other.host == "::") return true;
  return one.ipv6() == other.ipv6() && (one.any() || other.any());
}

}  // namespace config
