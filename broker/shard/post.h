// SPDX-License-Identifier: Apache-2.0
// A shard's correspondence: one outbox and one inbox of each kind for every shard, itself included, and the waking of
// those who sleep while there is mail for them.
// Thread: Mesh is built before the shards start and outlives them; Post is its shard's.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "broker/base/metrics.h"
#include "broker/base/spsc_queue.h"
#include "broker/io/ring.h"
#include "broker/shard/mail.h"
#include "broker/shard/mailbox.h"

namespace broker::shard {

using ShardIndex = std::uint32_t;

// What all shards share: every pair's mailboxes, and how to wake each shard.
class Mesh {
 public:
  explicit Mesh(ShardIndex shards);

  [[nodiscard]] ShardIndex shards() const { return shards_; }
  [[nodiscard]] Mailbox<RequestMail>& requests(ShardIndex from, ShardIndex to) {
    return *requests_[from * shards_ + to];
  }
  [[nodiscard]] Mailbox<DeliveryMail>& deliveries(ShardIndex from, ShardIndex to) {
    return *deliveries_[from * shards_ + to];
  }
  [[nodiscard]] base::SleepFlag& sleep_flag(ShardIndex shard) { return flags_[shard]; }
  // Where the messages that the shard made come back to: also from mailboxes and logs that outlive the shard.
  [[nodiscard]] topics::ReturnStack& messages(ShardIndex shard) { return messages_[shard]; }

  // Each shard enters its ring before any shard runs, and none runs when another may be gone: main sees to both.
  void enter(ShardIndex shard, io::Ring& ring) { rings_[shard].store(&ring, std::memory_order_release); }
  [[nodiscard]] io::Ring& ring(ShardIndex shard) { return *rings_[shard].load(std::memory_order_acquire); }

 private:
  const ShardIndex shards_;
  const std::unique_ptr<topics::ReturnStack[]> messages_;  // before the mailboxes, which hold messages
  std::vector<std::unique_ptr<Mailbox<RequestMail>>> requests_;
  std::vector<std::unique_ptr<Mailbox<DeliveryMail>>> deliveries_;
  std::unique_ptr<base::SleepFlag[]> flags_;
  std::unique_ptr<std::atomic<io::Ring*>[]> rings_;
};

class Post {
 public:
  Post(Mesh& mesh, ShardIndex self, base::ShardMetrics& metrics);

  void send(ShardIndex to, RequestMail&& mail) {
    requests_out_[to].post(std::move(mail));
    news_ = true;
  }
  void send(ShardIndex to, DeliveryMail&& mail) {
    deliveries_out_[to].post(std::move(mail));
    news_ = true;
  }

  [[nodiscard]] ShardIndex shards() const { return shards_; }
  // Of this shard.
  [[nodiscard]] topics::ReturnStack& messages() { return mesh_.messages(self_); }
  // Mail for that home waits outside of its mailbox: whoever feeds it should stop reading.
  [[nodiscard]] bool requests_full(ShardIndex to) const { return requests_out_[to].full(); }
  [[nodiscard]] bool any_requests_full() const;
  // A destination's spill of deliveries is over its bound: this home must not take in more publishes.
  [[nodiscard]] bool deliveries_congested() const;

  // Of deliveries that wait outside of their mailboxes.
  [[nodiscard]] std::size_t spilled_bytes() const { return spilled_bytes_; }

  // Shows all that was sent to its receivers and wakes the sleepers among them.
  void publish(io::Ring& own);

  // Round robin over the senders, so that none is always last. with_mail(ShardIndex from, Mail&&).
  template <class F>
  std::size_t drain_requests(std::size_t most_each, F&& with_mail) {
    return drain(requests_in_, request_start_, most_each, with_mail);
  }
  template <class F>
  std::size_t drain_deliveries(std::size_t most_each, F&& with_mail) {
    return drain(deliveries_in_, delivery_start_, most_each, with_mail);
  }
  // Gives room back to the senders; those who wait for it are woken by the next publish().
  void release();

  // Whether mail is waiting, requests only when they may be drained.
  [[nodiscard]] bool anything_waiting(bool requests_too);
  void show_depth();

 private:
  template <class Mail, class F>
  std::size_t drain(std::vector<Inbox<Mail>>& inboxes, ShardIndex& start, std::size_t most_each, F&& with_mail) {
    std::size_t count = 0;
    start = start + 1 < shards_ ? start + 1 : 0;
    for (ShardIndex i = 0; i < shards_; ++i) {
      const ShardIndex from = (start + i) % shards_;
      count += inboxes[from].drain(most_each, [&](Mail&& mail) { with_mail(from, std::move(mail)); });
    }
    return count;
  }

  Mesh& mesh_;
  const ShardIndex self_;
  const ShardIndex shards_;
  base::ShardMetrics& metrics_;
  std::vector<Outbox<RequestMail>> requests_out_;
  std::vector<Outbox<DeliveryMail>> deliveries_out_;
  std::vector<Inbox<RequestMail>> requests_in_;
  std::vector<Inbox<DeliveryMail>> deliveries_in_;
  std::vector<bool> room_given_;   // senders that wait for the room that release() gave
  std::size_t spilled_bytes_ = 0;  // at the last show_depth()
  bool news_ = false;              // publish() has something to show, to wake somebody for, or to try again
  ShardIndex request_start_ = 0;
  ShardIndex delivery_start_ = 0;
};

}  // namespace broker::shard
