// SPDX-License-Identifier: Apache-2.0
// Addresses to connect to and to connect from.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string_view>

namespace bench::load {

struct Address {
  sockaddr_storage storage{};
  socklen_t bytes = 0;
};

// "127.0.0.1:8000", "[::1]:8000" or "localhost:8000". False for anything else.
[[nodiscard]] bool parse_address(std::string_view text, Address& address);

// 127.0.0.3 is two steps after 127.0.0.1. An IPv6 address stays what it is.
[[nodiscard]] Address address_after(const Address& first, std::uint32_t steps);

}  // namespace bench::load
