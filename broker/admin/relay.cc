// SPDX-License-Identifier: Apache-2.0
#include "broker/admin/relay.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/base/check.h"
#include "broker/base/signals_blocked.h"

namespace broker::admin {
namespace {

constexpr int backlog = 64;
// How often connections are looked over for idle ones, and how long accepting pauses when descriptors have run out.
constexpr int look_over_ms = 1000;
constexpr int pause_ms = 100;

std::string failure(const char* what, const config::Address& address, int error) {
  return absl::StrCat("cannot ", what, " ", config::format(address), ": ", error, " (", std::strerror(error), ")");
}

bool is_transient(int error) { return error == EAGAIN || error == EINTR || error == EINPROGRESS; }

}  // namespace

std::variant<std::unique_ptr<Relay>, std::string> Relay::open(const config::Address& address) {
  base::OwnedFd fd(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return failure("make a socket for", address, errno);
  sockaddr_in6 name{};
  name.sin6_family = AF_INET6;
  name.sin6_port = htons(address.port);
  if (::inet_pton(AF_INET6, address.host.c_str(), &name.sin6_addr) != 1) return failure("read", address, EINVAL);
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const int off = 0;
  ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);  // [::] takes IPv4 as well
  auto* generic = reinterpret_cast<sockaddr*>(&name);
  if (::bind(fd.get(), generic, sizeof name) != 0) return failure("bind to", address, errno);
  if (::listen(fd.get(), backlog) != 0) return failure("listen on", address, errno);
  socklen_t size = sizeof name;
  if (::getsockname(fd.get(), generic, &size) != 0) return failure("name the socket of", address, errno);
  return std::unique_ptr<Relay>(new Relay(std::move(fd), ntohs(name.sin6_port)));
}

Relay::Relay(base::OwnedFd listener, std::uint16_t port)
    : listener_(std::move(listener)), stop_(::eventfd(0, EFD_CLOEXEC)), port_(port) {
  KODAMA_CHECK(static_cast<bool>(stop_), "eventfd: errno ", errno);
}

Relay::~Relay() {
  if (!thread_.joinable()) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(stop_.get(), &one, sizeof one);
  thread_.join();
}

void Relay::start(std::uint16_t target_port) {
  target_port_ = target_port;
  const base::SignalsBlocked blocked;
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "kodama-relay");
}

// A side is polled for what it can do something about; -1 leaves it out, or a hang-up would end every wait at once.
void Relay::run() {
  const auto side = [](int fd, const Way& in, const Way& out) {
    const bool reads = in.begin == in.end && !in.ended;
    const bool writes = out.begin != out.end;
    const auto events = static_cast<short>((reads ? POLLIN : 0) | (writes ? POLLOUT : 0));
    return pollfd{events == 0 ? -1 : fd, events, 0};
  };
  std::vector<pollfd> fds;
  for (;;) {
    const bool accepts = pairs_.size() < connections_max && !accept_failed_;
    fds = {{stop_.get(), POLLIN, 0}, {accepts ? listener_.get() : -1, POLLIN, 0}};
    for (const Pair& pair : pairs_) {
      fds.push_back(side(pair.client.get(), pair.up, pair.down));
      fds.push_back(side(pair.target.get(), pair.down, pair.up));
    }
    const int wait_ms = accept_failed_ ? pause_ms : pairs_.empty() ? -1 : look_over_ms;
    if (::poll(fds.data(), fds.size(), wait_ms) < 0) continue;  // EINTR
    if (fds[0].revents != 0) return;
    const auto now = Clock::now();
    std::erase_if(pairs_, [now](Pair& pair) { return !serve(pair, now); });
    accept_failed_ = false;
    if (fds[1].revents != 0) accept();
  }
}

void Relay::accept() {
  base::OwnedFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!client) {
    accept_failed_ = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    return;
  }
  base::OwnedFd target(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(target_port_);
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (!target) return;
  if (::connect(target.get(), reinterpret_cast<sockaddr*>(&name), sizeof name) != 0 && !is_transient(errno)) return;
  pairs_.push_back({std::move(client), std::move(target), {}, {}, Clock::now()});
}

bool Relay::serve(Pair& pair, Clock::time_point now) {
  const Pumped up = pump(pair.up, pair.client.get(), pair.target.get());
  const Pumped down = pump(pair.down, pair.target.get(), pair.client.get());
  if (up == Pumped::broken || down == Pumped::broken) return false;
  if (pair.down.ended && pair.down.begin == pair.down.end) return false;  // the server has closed: all is said
  if (up == Pumped::something || down == Pumped::something) pair.moved_at = now;
  return now - pair.moved_at < idle_time;
}

Relay::Pumped Relay::pump(Way& way, int from, int to) {
  Pumped result = Pumped::nothing;
  for (;;) {
    if (way.begin != way.end) {
      const ssize_t sent = ::send(to, way.bytes.data() + way.begin, way.end - way.begin, MSG_NOSIGNAL);
      if (sent < 0) return is_transient(errno) ? result : Pumped::broken;
      way.begin += static_cast<std::size_t>(sent);
      result = Pumped::something;
      continue;
    }
    if (way.ended) return result;
    const ssize_t got = ::recv(from, way.bytes.data(), way.bytes.size(), 0);
    if (got < 0) return is_transient(errno) ? result : Pumped::broken;
    way.begin = 0;
    way.end = static_cast<std::size_t>(got);
    if (got == 0) {
      way.ended = true;
      ::shutdown(to, SHUT_WR);
    }
    result = Pumped::something;
  }
}

}  // namespace broker::admin
