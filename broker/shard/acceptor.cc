// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/acceptor.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include "proto/reason.h"

namespace broker::shard {
namespace {

using namespace std::chrono_literals;

// Descriptors, slots and memory come back as connections end; asking ten times a second costs nothing and loses little.
constexpr auto retry_after = 100ms;

bool is_shortage(int error) { return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM; }

}  // namespace

Acceptor::Acceptor(io::Ring& ring, base::TimerWheel& timers, const Now& now, base::ShardMetrics& metrics,
                   base::LogSink& log, Events& events, int fd, base::Listener listener)
    : ring_(ring),
      timers_(timers),
      now_(now),
      metrics_(metrics),
      log_(log),
      events_(events),
      fd_(fd),
      listener_(listener) {
  retry_.bind<&Acceptor::on_retry>(*this);
}

void Acceptor::accept_as(io::Ring::Accepting what) {
  if (std::exchange(what_, what) != what) ring_.cancel(*this);  // and its last completion begins anew
}

void Acceptor::start() { ring_.accept(*this, fd_, what_); }

void Acceptor::stop() {
  if (stopping_) return;
  stopping_ = true;
  timers_.cancel(retry_);
  ring_.cancel(*this);
  close_if_joined();
}

void Acceptor::complete(const io::Accepted& accepted) noexcept {
  if (accepted.socket >= 0) {
    metrics_.connections_accepted[listener_].add();
    events_.on_accepted(accepted.socket, listener_);
  }
  if (accepted.more) return;
  if (stopping_) return close_if_joined();
  if (!is_shortage(accepted.error)) return start();
  metrics_.connections_rejected[proto::Reason::no_descriptors].add();
  if (const auto skipped = exhausted_.admit(now_.steady)) {
    log_.warning("cannot accept: raise the limit of open files (ulimit -n, LimitNOFILE)",
                 {{"error", std::strerror(accepted.error)}, {"skipped", *skipped}});
  }
  timers_.arm(retry_, now_.steady + retry_after);
}

void Acceptor::on_retry() noexcept { start(); }

void Acceptor::close_if_joined() {
  if (in_kernel() || fd_ < 0) return;
  ring_.close(fd_, false);
  fd_ = -1;
}

}  // namespace broker::shard
