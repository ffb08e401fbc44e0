// SPDX-License-Identifier: Apache-2.0
#include "broker/net/listener_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/base/check.h"
#include "config/limits.h"

namespace broker::net {
namespace {

// A peer that vanished without a word is noticed after 60 + 6 × 10 s also while nothing is sent to it. No
// TCP_USER_TIMEOUT: it would end a reader that has merely stopped reading, which is the queue's policy to decide.
constexpr int keepalive_idle_s = 60;
constexpr int keepalive_interval_s = 10;
constexpr int keepalive_probes = 6;
// What the kernel has not yet sent stays with us beyond this, where it can still be dropped or shared.
constexpr int unsent_bytes_max = 128 * 1024;

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

bool to_socket_address(const config::Address& address, SocketAddress& out) {
  in_addr v4{};
  in6_addr v6{};
  if (inet_pton(AF_INET, address.host.c_str(), &v4) == 1) {
    const sockaddr_in ip{.sin_family = AF_INET, .sin_port = htons(address.port), .sin_addr = v4, .sin_zero = {}};
    std::memcpy(&out.storage, &ip, sizeof ip);
    out.size = sizeof ip;
    return true;
  }
  if (inet_pton(AF_INET6, address.host.c_str(), &v6) != 1) return false;
  sockaddr_in6 ip{};
  ip.sin6_family = AF_INET6;
  ip.sin6_port = htons(address.port);
  ip.sin6_addr = v6;
  std::memcpy(&out.storage, &ip, sizeof ip);
  out.size = sizeof ip;
  return true;
}

bool set(int fd, int level, int name, int value) { return ::setsockopt(fd, level, name, &value, sizeof value) == 0; }

bool set_inherited_options(int fd) {
  return set(fd, IPPROTO_TCP, TCP_NODELAY, 1) && set(fd, SOL_SOCKET, SO_KEEPALIVE, 1) &&
         set(fd, IPPROTO_TCP, TCP_KEEPIDLE, keepalive_idle_s) &&
         set(fd, IPPROTO_TCP, TCP_KEEPINTVL, keepalive_interval_s) &&
         set(fd, IPPROTO_TCP, TCP_KEEPCNT, keepalive_probes) &&
         set(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, unsent_bytes_max);
}

// Sets errno on failure. The first listener binds without SO_REUSEPORT, because with it a port that another of
// our user's processes shares would count as free. It admits the others only then: at no moment is the port not held.
base::OwnedFd open_one(SocketAddress& address, bool first) {
  const int family = address.get()->sa_family;
  base::OwnedFd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!fd) return {};
  const bool ready = set(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1) &&  // a restart is not kept out by TIME_WAIT
                     (family != AF_INET6 || set(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0)) &&  // [::] takes IPv4 as well
                     set_inherited_options(fd.get()) && (first || set(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1)) &&
                     ::bind(fd.get(), address.get(), address.size) == 0 &&
                     (!first || set(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1)) &&
                     ::listen(fd.get(), config::limits::accept_backlog) == 0;
  if (ready) return fd;
  const int error = errno;
  fd.reset();
  errno = error;
  return {};
}

std::string text_of(const SocketAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.storage.ss_family == AF_INET) {
    sockaddr_in ip{};
    std::memcpy(&ip, &address.storage, sizeof ip);
    inet_ntop(AF_INET, &ip.sin_addr, text.data(), text.size());
    return absl::StrCat(text.data(), ":", ntohs(ip.sin_port));
  }
  if (address.storage.ss_family != AF_INET6) return "";
  sockaddr_in6 ip{};
  std::memcpy(&ip, &address.storage, sizeof ip);
  if (IN6_IS_ADDR_V4MAPPED(&ip.sin6_addr)) {
    inet_ntop(AF_INET, ip.sin6_addr.s6_addr + 12, text.data(), text.size());
    return absl::StrCat(text.data(), ":", ntohs(ip.sin6_port));
  }
  inet_ntop(AF_INET6, &ip.sin6_addr, text.data(), text.size());
  return absl::StrCat("[", text.data(), "]:", ntohs(ip.sin6_port));
}

}  // namespace

Listeners open_listeners(const config::Address& address, std::size_t count) {
  KODAMA_CHECK(count > 0);
  Listeners opened{.sockets = {}, .address = address, .error = ""};
  while (opened.sockets.size() < count) {
    SocketAddress wanted;
    if (!to_socket_address(opened.address, wanted)) {
      return {{}, address, absl::StrCat("cannot listen on ", config::format(address), ": that is no IP address")};
    }
    base::OwnedFd fd = open_one(wanted, opened.sockets.empty());
    if (!fd) return {{}, address, listen_error(opened.address, errno)};
    opened.address.port = actual_port(fd.get());
    opened.sockets.push_back(std::move(fd));
  }
  return opened;
}

std::string listen_error(const config::Address& address, int error) {
  const std::string what = absl::StrCat("cannot listen on ", config::format(address), ": ");
  switch (error) {
    case EADDRINUSE:
      return absl::StrCat(what, "the port is taken. Stop what holds it (ss -ltnp 'sport = :", address.port,
                          "' shows it), or choose another port");
    case EACCES:
      return absl::StrCat(what, "permission denied. Ports below 1024 take the capability CAP_NET_BIND_SERVICE, or a ",
                          "lower net.ipv4.ip_unprivileged_port_start; or choose a higher port");
    case EADDRNOTAVAIL:
      return absl::StrCat(what, "no network interface of this machine has that address. ",
                          address.ipv6() ? "[::]" : "0.0.0.0", " stands for all of them");
    case EAFNOSUPPORT:
      return absl::StrCat(what, "this machine has no ", address.ipv6() ? "IPv6; choose an IPv4 address" : "IPv4");
    case EMFILE:
    case ENFILE:
      return absl::StrCat(what, "too few descriptors. Raise the limit (ulimit -n, or LimitNOFILE= in a unit file)");
    default: return absl::StrCat(what, std::strerror(error));
  }
}

std::uint16_t actual_port(int fd) {
  SocketAddress address;
  if (::getsockname(fd, address.get(), &address.size) != 0) return 0;
  if (address.storage.ss_family == AF_INET) return ntohs(reinterpret_cast<sockaddr_in*>(&address.storage)->sin_port);
  if (address.storage.ss_family == AF_INET6) return ntohs(reinterpret_cast<sockaddr_in6*>(&address.storage)->sin6_port);
  return 0;
}

std::string peer_address(int fd) {
  SocketAddress address;
  return ::getpeername(fd, address.get(), &address.size) == 0 ? text_of(address) : "";
}

std::uint64_t peer_network(int fd) {
  SocketAddress address;
  if (::getpeername(fd, address.get(), &address.size) != 0) return 0;
  if (address.storage.ss_family == AF_INET) return reinterpret_cast<sockaddr_in*>(&address.storage)->sin_addr.s_addr;
  if (address.storage.ss_family != AF_INET6) return 0;
  const in6_addr& v6 = reinterpret_cast<sockaddr_in6*>(&address.storage)->sin6_addr;
  std::uint32_t v4 = 0;
  std::uint64_t prefix = 0;
  std::memcpy(&v4, v6.s6_addr + 12, sizeof v4);
  std::memcpy(&prefix, v6.s6_addr, sizeof prefix);
  return IN6_IS_ADDR_V4MAPPED(&v6) ? v4 : prefix;
}

}  // namespace broker::net
