// SPDX-License-Identifier: Apache-2.0
// Listening sockets: one a shard on the same address, between which the kernel spreads what connects (SO_REUSEPORT).
// What accepted connections need is set here, on the listener, and inherited: no setsockopt a connection.
// Thread: any; at the start.
// Errors: a sentence with address, cause and fix.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "broker/base/owned_fd.h"
#include "config/address.h"

namespace broker::net {

struct Listeners {
  std::vector<base::OwnedFd> sockets;  // empty on error
  config::Address address;             // with the port that was taken, if 0 was asked for
  std::string error;
};

// Opens `count` listeners. A port that another process holds is noticed even when that one listens with SO_REUSEPORT.
// They block, as io_uring wants it: it does not wait on a descriptor with O_NONBLOCK.
[[nodiscard]] Listeners open_listeners(const config::Address& address, std::size_t count);

// What is wrong when listening fails with this errno, and what helps.
[[nodiscard]] std::string listen_error(const config::Address& address, int error);

// Zero if it is no socket of IP.
[[nodiscard]] std::uint16_t actual_port(int fd);
// "192.0.2.1:5678" or "[2001:db8::1]:5678", also for IPv4 on an IPv6 socket; empty once the peer is gone.
[[nodiscard]] std::string peer_address(int fd);
// A number that stands for where the peer comes from: its IPv4 address, also on an IPv6 socket, or the /64 of its IPv6
// address, as one subscriber is given at least that. All whose address is unknown share one.
[[nodiscard]] std::uint64_t peer_network(int fd);

}  // namespace broker::net
