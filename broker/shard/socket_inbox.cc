// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/socket_inbox.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <utility>

namespace broker::shard {

using Question = std::unique_ptr<SocketQuestion>;

SocketInbox::SocketInbox() : told_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

SocketInbox::~SocketInbox() {
  const Question asked(asked_.exchange(nullptr));
  const Question answered(answered_.exchange(nullptr));
}

void SocketInbox::ask(Question question) {
  awaited_ = question.get();
  const Question before(asked_.exchange(question.release(), std::memory_order_acq_rel));
}

std::optional<SocketAnswer> SocketInbox::await(std::chrono::steady_clock::time_point deadline) {
  using std::chrono::milliseconds;
  for (;;) {
    const Question given(answered_.exchange(nullptr, std::memory_order_acq_rel));
    // Another one is what somebody asked who has given up since.
    if (given != nullptr && given.get() == awaited_) return std::move(given->answer);
    if (given != nullptr) continue;
    const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left <= milliseconds::zero()) {
      const Question not_begun(asked_.exchange(nullptr, std::memory_order_acq_rel));
      return std::nullopt;
    }
    pollfd wait{told_.get(), POLLIN, 0};
    (void)::poll(&wait, 1, static_cast<int>(left.count()));
    eventfd_t times = 0;
    (void)::eventfd_read(told_.get(), &times);
  }
}

void SocketInbox::give_back(Question question) {
  const Question before(answered_.exchange(question.release(), std::memory_order_acq_rel));
  (void)::eventfd_write(told_.get(), 1);
}

}  // namespace broker::shard
