// SPDX-License-Identifier: Apache-2.0
// Where a listener listens: an IP address and a port, "127.0.0.1:8000" or "[::1]:8000".
// Thread: any. Owns its string. Errors: a sentence that says what is wrong and what may have been meant.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace config {

struct Address {
  std::string host;        // a literal IP address, without brackets
  std::uint16_t port = 0;  // 0: any free one

  [[nodiscard]] bool ipv6() const { return host.find(':') != std::string::npos; }
  // Every address of the machine: 0.0.0.0 or ::
  [[nodiscard]] bool any() const;
  // Reached from this machine alone: 127.0.0.0/8 or ::1.
  [[nodiscard]] bool loopback() const;
  friend bool operator==(const Address&, const Address&) = default;
};

// "localhost" means 127.0.0.1; other names are refused, because a name may stand for several addresses.
[[nodiscard]] std::variant<Address, std::string> parse_address(std::string_view text);
[[nodiscard]] std::string format(const Address&);

// Whether listening on one keeps the other from listening.
[[nodiscard]] bool collide(const Address&, const Address&);

}  // namespace config
