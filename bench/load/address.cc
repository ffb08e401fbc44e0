// SPDX-License-Identifier: Apache-2.0
#include "bench/load/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <charconv>
#include <cstring>
#include <string>

namespace bench::load {

bool parse_address(std::string_view text, Address& address) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  std::string host(text.substr(0, colon));
  const std::string_view digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size()) return false;
  if (host == "localhost") host = "127.0.0.1";
  address = Address{};
  if (host.starts_with('[') && host.ends_with(']')) {
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    if (inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &six.sin6_addr) != 1) return false;
    std::memcpy(&address.storage, &six, sizeof six);
    address.bytes = sizeof six;
    return true;
  }
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_port = htons(port);
  if (inet_pton(AF_INET, host.c_str(), &four.sin_addr) != 1) return false;
  std::memcpy(&address.storage, &four, sizeof four);
  address.bytes = sizeof four;
  return true;
}

Address address_after(const Address& first, std::uint32_t steps) {
  Address address = first;
  if (first.bytes != sizeof(sockaddr_in)) return address;
  sockaddr_in four;
  std::memcpy(&four, &first.storage, sizeof four);
  four.sin_addr.s_addr = htonl(ntohl(four.sin_addr.s_addr) + steps);
  std::memcpy(&address.storage, &four, sizeof four);
  return address;
}

}  // namespace bench::load
