// SPDX-License-Identifier: Apache-2.0
#include "broker/net/listener_socket.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <set>

namespace broker::net {
namespace {

using base::OwnedFd;
using testing::HasSubstr;
using testing::IsEmpty;

const config::Address loopback{.host = "127.0.0.1", .port = 0};

int option(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  EXPECT_EQ(::getsockopt(fd, level, name, &value, &size), 0);
  return value;
}

OwnedFd connect_to(std::uint16_t port) {
  OwnedFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address{
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return fd;
}

bool have_ipv6() {
  const OwnedFd fd(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in6 address{
      .sin6_family = AF_INET6, .sin6_port = 0, .sin6_flowinfo = 0, .sin6_addr = in6addr_loopback, .sin6_scope_id = 0};
  return fd && ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

TEST(ListenerSocket, PortZeroTakesOneFreePortForAll) {
  const Listeners opened = open_listeners(loopback, 4);
  ASSERT_EQ(opened.error, "");
  ASSERT_EQ(opened.sockets.size(), 4u);
  EXPECT_NE(opened.address.port, 0);
  std::set<int> descriptors;
  for (const OwnedFd& fd : opened.sockets) {
    EXPECT_EQ(actual_port(fd.get()), opened.address.port);
    EXPECT_EQ(option(fd.get(), SOL_SOCKET, SO_ACCEPTCONN), 1);
    descriptors.insert(fd.get());
  }
  EXPECT_EQ(descriptors.size(), 4u);
}

TEST(ListenerSocket, TheKernelSpreadsConnectionsOverAllOfThem) {
  const Listeners opened = open_listeners(loopback, 2);
  ASSERT_EQ(opened.error, "");
  std::vector<OwnedFd> clients;
  for (int i = 0; i < 64; ++i) clients.push_back(connect_to(opened.address.port));
  std::array<int, 2> accepted{};
  for (std::size_t i = 0; i < accepted.size(); ++i) {
    pollfd ready{.fd = opened.sockets[i].get(), .events = POLLIN, .revents = 0};
    while (::poll(&ready, 1, 0) == 1) {
      const OwnedFd taken(::accept(ready.fd, nullptr, nullptr));
      ASSERT_TRUE(taken);
      ++accepted[i];
    }
  }
  // The first, which joined the group only after it was bound, takes its share as well: 2⁻⁶⁴ would leave one without.
  EXPECT_GT(accepted[0], 0);
  EXPECT_GT(accepted[1], 0);
  EXPECT_EQ(accepted[0] + accepted[1], 64);
}

TEST(ListenerSocket, AcceptedConnectionsInheritTheOptions) {
  const Listeners opened = open_listeners(loopback, 1);
  ASSERT_EQ(opened.error, "");
  const OwnedFd client = connect_to(opened.address.port);
  const OwnedFd accepted(::accept(opened.sockets[0].get(), nullptr, nullptr));
  ASSERT_TRUE(accepted);
  EXPECT_EQ(option(accepted.get(), IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_EQ(option(accepted.get(), SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option(accepted.get(), IPPROTO_TCP, TCP_KEEPIDLE), 60);
  EXPECT_EQ(option(accepted.get(), IPPROTO_TCP, TCP_KEEPINTVL), 10);
  EXPECT_EQ(option(accepted.get(), IPPROTO_TCP, TCP_KEEPCNT), 6);
  EXPECT_EQ(option(accepted.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT), 128 * 1024);
}

TEST(ListenerSocket, NamesThePeer) {
  const Listeners opened = open_listeners(loopback, 1);
  OwnedFd client = connect_to(opened.address.port);
  const OwnedFd accepted(::accept(opened.sockets[0].get(), nullptr, nullptr));
  EXPECT_EQ(peer_address(accepted.get()), "127.0.0.1:" + std::to_string(actual_port(client.get())));
  EXPECT_EQ(peer_address(opened.sockets[0].get()), "") << "a listener has none";
  EXPECT_EQ(actual_port(-1), 0);
}

TEST(ListenerSocket, ATakenPortIsNamed) {
  const Listeners holder = open_listeners(loopback, 1);
  ASSERT_EQ(holder.error, "");
  const Listeners second = open_listeners(holder.address, 2);
  EXPECT_THAT(second.sockets, IsEmpty());
  EXPECT_THAT(second.error, HasSubstr("127.0.0.1:" + std::to_string(holder.address.port) + ": the port is taken"));
  EXPECT_THAT(second.error, HasSubstr("choose another port"));
}

TEST(ListenerSocket, APortThatOthersShareIsTakenToo) {
  // Two processes of one user that both bind with SO_REUSEPORT would divide the clients between them, unnoticed.
  const Listeners holder = open_listeners(loopback, 2);
  ASSERT_EQ(holder.error, "");
  EXPECT_THAT(open_listeners(holder.address, 1).error, HasSubstr("the port is taken"));
  const config::Address any{.host = "0.0.0.0", .port = holder.address.port};
  EXPECT_THAT(open_listeners(any, 1).error, HasSubstr("the port is taken"));
}

TEST(ListenerSocket, APortIsFreeAgainOnceItIsClosed) {
  Listeners holder = open_listeners(loopback, 2);
  ASSERT_EQ(holder.error, "");
  {
    const OwnedFd client = connect_to(holder.address.port);  // leaves TIME_WAIT behind on our side
    for (const OwnedFd& listener : holder.sockets) {
      pollfd ready{.fd = listener.get(), .events = POLLIN, .revents = 0};
      if (::poll(&ready, 1, 0) == 1) OwnedFd(::accept(listener.get(), nullptr, nullptr)).reset();
    }
  }
  holder.sockets.clear();
  EXPECT_EQ(open_listeners(holder.address, 2).error, "");
}

TEST(ListenerSocket, AnAddressOfAnotherMachineIsNamed) {
  const Listeners opened = open_listeners({.host = "192.0.2.1", .port = 0}, 1);
  EXPECT_THAT(opened.sockets, IsEmpty());
  EXPECT_THAT(opened.error, HasSubstr("192.0.2.1:0: no network interface of this machine has that address"));
}

TEST(ListenerSocket, ErrorsNameCauseAndFix) {
  const config::Address low{.host = "0.0.0.0", .port = 443};
  EXPECT_THAT(listen_error(low, EACCES), HasSubstr("CAP_NET_BIND_SERVICE"));
  EXPECT_THAT(listen_error(low, EMFILE), HasSubstr("ulimit -n"));
  EXPECT_THAT(listen_error({.host = "::", .port = 443}, EAFNOSUPPORT), HasSubstr("no IPv6"));
  EXPECT_THAT(listen_error(low, EIO), HasSubstr("Input/output error"));
  EXPECT_THAT(open_listeners({.host = "example.org", .port = 1}, 1).error, HasSubstr("no IP address"));
}

TEST(ListenerSocket, ListensOnBothFamiliesAtOnce) {
  if (!have_ipv6()) GTEST_SKIP() << "no IPv6 on this machine";
  const Listeners opened = open_listeners({.host = "::", .port = 0}, 2);
  ASSERT_EQ(opened.error, "");
  const OwnedFd client = connect_to(opened.address.port);
  for (const OwnedFd& listener : opened.sockets) {
    pollfd ready{.fd = listener.get(), .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, 0) != 1) continue;
    const OwnedFd accepted(::accept(listener.get(), nullptr, nullptr));
    EXPECT_EQ(peer_address(accepted.get()), "127.0.0.1:" + std::to_string(actual_port(client.get())));
    return;
  }
  FAIL() << "nobody accepted";
}

}  // namespace
}  // namespace broker::net
