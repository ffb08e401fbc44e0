// SPDX-License-Identifier: Apache-2.0
// A mailbox is the queue of one kind of mail from one shard to another. Its two ends are types of their own: the Outbox
// belongs to the sender, the Inbox to the receiver.
//
// Capacity: limits::mailbox_entries. Overflow: the sender keeps what does not fit in a spill, in order, and counts it;
// full() then tells it to stop taking in what fills it. Nothing is ever dropped here. Gauges and counters:
// kodama_mailbox_entries, kodama_mailbox_full_total.
#pragma once

#include <deque>

#include "broker/base/metrics.h"
#include "broker/base/spsc_queue.h"
#include "config/limits.h"

namespace broker::shard {

template <class Mail>
class Mailbox {
 public:
  base::SpscQueue<Mail> queue{config::limits::mailbox_entries};
};

// Thread: the sending shard.
template <class Mail>
class Outbox {
 public:
  Outbox(Mailbox<Mail>& mailbox, base::Counter& full_total) : queue_(mailbox.queue), full_total_(full_total) {}
  Outbox(Outbox&&) = default;

  // Measured, with drain(), by mailbox_one_thread and mailbox_two_threads of bench/micro.
  void post(Mail&& mail) {
    if (spill_.empty() && queue_.try_push(std::move(mail))) return;
    if (spill_.empty()) full_total_.add();
    spilled_bytes_ += cost(mail);
    spill_.push_back(std::move(mail));
  }
  // Shows what was posted to the receiver. Returns whether there was anything new: the receiver may have to be woken.
  [[nodiscard]] bool publish() {
    refill();
    bool any = queue_.has_staged();
    if (!spill_.empty() && queue_.want_room()) {  // which publishes what is staged
      refill();
      any |= queue_.has_staged();
    }
    queue_.publish();
    return any;
  }
  // Something waits outside of the mailbox for room in it.
  [[nodiscard]] bool full() const { return !spill_.empty(); }
  [[nodiscard]] std::size_t spilled_bytes() const { return spilled_bytes_; }

 private:
  static std::size_t cost(const Mail& mail) {
    if constexpr (requires { mail.memory_bytes(); }) {
      return mail.memory_bytes();
    } else {
      return sizeof(Mail);
    }
  }
  void refill() {
    while (!spill_.empty() && queue_.room() > 0) {
      spilled_bytes_ -= cost(spill_.front());
      (void)queue_.try_push(std::move(spill_.front()));
      spill_.pop_front();
    }
  }

  base::SpscQueue<Mail>& queue_;
  base::Counter& full_total_;
  std::deque<Mail> spill_;
  std::size_t spilled_bytes_ = 0;
};

// Thread: the receiving shard.
template <class Mail>
class Inbox {
 public:
  explicit Inbox(Mailbox<Mail>& mailbox) : queue_(mailbox.queue) {}

  // Hands over up to `most` mails. Returns how many.
  template <class F>
  std::size_t drain(std::size_t most, F&& with_mail) {
    std::size_t count = 0;
    for (; count < most; ++count) {
      Mail* mail = queue_.front();
      if (mail == nullptr) break;
      with_mail(std::move(*mail));
      queue_.pop();
    }
    return count;
  }
  // Gives the room back. True: the sender waits for it and must be woken.
  [[nodiscard]] bool release() { return queue_.release(); }
  [[nodiscard]] bool empty() { return queue_.front() == nullptr; }
  [[nodiscard]] std::size_t depth() const { return queue_.size_approx(); }

 private:
  base::SpscQueue<Mail>& queue_;
};

}  // namespace broker::shard
