// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/swarm/link.h"

#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace swarm {
namespace {

constexpr std::size_t read_bytes = 256 * 1024;  // at a time, so that no connection keeps the others waiting

}  // namespace

// ---- Loop

Loop::Loop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), scratch_(2 * read_bytes) {}

Loop::~Loop() { ::close(epoll_); }

void Loop::run_once(int timeout_ms) {
  std::array<epoll_event, 256> events;
  const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout_ms);
  for (int i = 0; i < count; ++i) {
    Link& link = *static_cast<Link*>(events[static_cast<std::size_t>(i)].data.ptr);
    link.on_event(events[static_cast<std::size_t>(i)].events);
  }
  for (std::size_t i = 0; i < written_.size(); ++i) {  // losing a link may write to another
    written_[i]->written_ = false;
    written_[i]->flush();
  }
  written_.clear();
  buried_.clear();
}

// ---- Dialer

Dialer::Dialer(std::uint16_t port, const std::string& certificate) {
  address_.sin_family = AF_INET;
  address_.sin_port = htons(port);
  address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (certificate.empty()) return;
  tls_ = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_min_proto_version(tls_, TLS1_3_VERSION);
  SSL_CTX_set_verify(tls_, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(tls_, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  X509_VERIFY_PARAM* expected = SSL_CTX_get0_param(tls_);
  X509_VERIFY_PARAM_set_flags(expected, X509_V_FLAG_PARTIAL_CHAIN);
  X509_VERIFY_PARAM_set1_ip_asc(expected, "127.0.0.1");
  constexpr unsigned char alpn[] = "\x08http/1.1";
  SSL_CTX_set_alpn_protos(tls_, alpn, sizeof alpn - 1);
  usable_ = SSL_CTX_load_verify_locations(tls_, certificate.c_str(), nullptr) == 1;
}

Dialer::~Dialer() { SSL_CTX_free(tls_); }

// ---- Link

Link::Link(Loop& loop, const Dialer& dialer, Events& events, Extra extra) : loop_(loop), events_(events) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (extra.receive_buffer_bytes > 0) {
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &extra.receive_buffer_bytes, sizeof(int));
  }
  if (dialer.secure()) {
    ssl_ = SSL_new(dialer.tls_);
    SSL_set_fd(ssl_, fd_);
    SSL_set_connect_state(ssl_);
  }
  (void)::connect(fd_, reinterpret_cast<const sockaddr*>(&dialer.address_), sizeof dialer.address_);
  epoll_event event{.events = EPOLLOUT, .data = {.ptr = this}};
  watched_ = EPOLLOUT;
  ::epoll_ctl(loop_.epoll_, EPOLL_CTL_ADD, fd_, &event);
}

Link::~Link() {
  std::erase(loop_.written_, this);
  SSL_free(ssl_);
  if (fd_ >= 0) ::close(fd_);
}

void Link::drop(std::unique_ptr<Link> link, bool reset) {
  if (link == nullptr) return;
  if (link->state_ != State::dead && !reset) link->flush();
  link->state_ = State::dead;
  if (reset) {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(link->fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  ::close(std::exchange(link->fd_, -1));
  Loop& loop = link->loop_;
  loop.buried_.push_back(std::move(link));
}

void Link::send(std::string_view bytes) {
  out_ += bytes;
  if (written_) return;
  written_ = true;
  loop_.written_.push_back(this);
}

void Link::pause(bool paused) {
  paused_ = paused;
  if (state_ == State::open) watch();
}

void Link::on_event(std::uint32_t events) {
  switch (state_) {
    case State::connecting: return on_connected();
    case State::handshaking: return shake_hands();
    case State::open: break;
    case State::dead: return;
  }
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) paused_ = false;  // there will be no more: take what is left
  if ((events & EPOLLOUT) != 0) flush();
  if (state_ == State::open && !paused_ && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) read();
  if (state_ == State::open) watch();
}

void Link::on_connected() {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return lose(std::strerror(error));
  if (ssl_ != nullptr) {
    state_ = State::handshaking;
    return shake_hands();
  }
  state_ = State::open;
  events_.on_open();
  if (state_ == State::open) watch();
}

void Link::shake_hands() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_);
  if (result == 1) {
    state_ = State::open;
    events_.on_open();
    if (state_ == State::open) watch();
    return;
  }
  const int error = SSL_get_error(ssl_, result);
  if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
    const char* reason = ERR_reason_error_string(ERR_peek_error());
    return lose(std::string("TLS handshake: ") + (reason != nullptr ? reason : "the connection ended"));
  }
  watch();
}

void Link::watch() {
  const bool writing = out_sent_ < out_.size() && state_ == State::open;
  const std::uint32_t wanted =
      (paused_ ? 0U : static_cast<std::uint32_t>(EPOLLIN)) | (writing ? static_cast<std::uint32_t>(EPOLLOUT) : 0U);
  if (wanted == watched_) return;
  watched_ = wanted;
  epoll_event event{.events = wanted, .data = {.ptr = this}};
  ::epoll_ctl(loop_.epoll_, EPOLL_CTL_MOD, fd_, &event);
}

long Link::receive(char* to, std::size_t size) {
  if (ssl_ == nullptr) return ::recv(fd_, to, size, 0);
  ERR_clear_error();
  const int got = SSL_read(ssl_, to, static_cast<int>(size));
  if (got > 0) return got;
  switch (SSL_get_error(ssl_, got)) {
    case SSL_ERROR_ZERO_RETURN: return 0;
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: errno = EAGAIN; return -1;
    default:
      if (errno == 0 || errno == EAGAIN) errno = ECONNRESET;
      return -1;
  }
}

void Link::read() {
  // With TLS, what OpenSSL holds would not wake us again: it is taken to the last byte.
  do {
    std::memcpy(loop_.scratch_.data(), kept_.data(), kept_.size());
    std::size_t filled = kept_.size();
    long got = 0;
    do {
      got = receive(loop_.scratch_.data() + filled, loop_.scratch_.size() - filled);
      if (got > 0) filled += static_cast<std::size_t>(got);
    } while (got > 0 && ssl_ != nullptr && filled < read_bytes);
    const int error = errno;
    const std::size_t consumed = events_.on_bytes({loop_.scratch_.data(), filled});
    if (state_ == State::dead) return;
    kept_.assign(loop_.scratch_.data() + consumed, filled - consumed);
    if (kept_.size() >= read_bytes) return lose("a frame larger than expected");
    if (got == 0) return lose("end of stream");
    if (got < 0 && error != EAGAIN) return lose(std::strerror(error));
  } while (ssl_ != nullptr && SSL_pending(ssl_) > 0);
}

void Link::flush() {
  if (state_ != State::open) return;
  while (out_sent_ < out_.size()) {
    const char* from = out_.data() + out_sent_;
    const std::size_t size = out_.size() - out_sent_;
    ERR_clear_error();
    const long sent =
        ssl_ != nullptr ? SSL_write(ssl_, from, static_cast<int>(size)) : ::send(fd_, from, size, MSG_NOSIGNAL);
    if (sent <= 0) break;  // full; an error is seen when reading
    out_sent_ += static_cast<std::size_t>(sent);
  }
  if (out_sent_ == out_.size()) {
    out_.clear();
    out_sent_ = 0;
  }
  watch();
}

void Link::lose(std::string_view why) {
  state_ = State::dead;
  ::epoll_ctl(loop_.epoll_, EPOLL_CTL_DEL, fd_, nullptr);
  events_.on_lost(why);
}

}  // namespace swarm
