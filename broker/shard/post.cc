// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/post.h"

#include <algorithm>
#include <utility>

namespace broker::shard {

using base::MailboxKind;

Mesh::Mesh(ShardIndex shards)
    : shards_(shards),
      messages_(std::make_unique<topics::ReturnStack[]>(shards)),
      flags_(std::make_unique<base::SleepFlag[]>(shards)),
      rings_(std::make_unique<std::atomic<io::Ring*>[]>(shards)) {
  for (ShardIndex pair = 0; pair < shards * shards; ++pair) {
    requests_.push_back(std::make_unique<Mailbox<RequestMail>>());
    deliveries_.push_back(std::make_unique<Mailbox<DeliveryMail>>());
  }
}

Post::Post(Mesh& mesh, ShardIndex self, base::ShardMetrics& metrics)
    : mesh_(mesh), self_(self), shards_(mesh.shards()), metrics_(metrics), room_given_(mesh.shards()) {
  for (ShardIndex other = 0; other < shards_; ++other) {
    requests_out_.emplace_back(mesh.requests(self, other), metrics.mailbox_full[MailboxKind::publish]);
    deliveries_out_.emplace_back(mesh.deliveries(self, other), metrics.mailbox_full[MailboxKind::delivery]);
    requests_in_.emplace_back(mesh.requests(other, self));
    deliveries_in_.emplace_back(mesh.deliveries(other, self));
  }
}

bool Post::any_requests_full() const {
  return std::ranges::any_of(requests_out_, [](const auto& outbox) { return outbox.full(); });
}

bool Post::deliveries_congested() const {
  return std::ranges::any_of(
      deliveries_out_, [](const auto& outbox) { return outbox.spilled_bytes() > config::limits::spill_bytes_max; });
}

// Three times a turn; mostly there is nothing new.
void Post::publish(io::Ring& own) {
  if (!std::exchange(news_, false)) return;
  for (ShardIndex to = 0; to < shards_; ++to) {
    const bool mail = requests_out_[to].publish() | deliveries_out_[to].publish();
    const bool room = room_given_[to];
    room_given_[to] = false;
    news_ |= requests_out_[to].full() | deliveries_out_[to].full();
    if (to != self_ && (mail || room) && mesh_.sleep_flag(to).must_wake()) own.wake(mesh_.ring(to));
  }
}

void Post::release() {
  for (ShardIndex from = 0; from < shards_; ++from) {
    const bool wanted = requests_in_[from].release() | deliveries_in_[from].release();
    if (!wanted) continue;
    room_given_[from] = true;
    news_ = true;
  }
}

bool Post::anything_waiting(bool requests_too) {
  const auto waits = [](auto& inbox) { return !inbox.empty(); };
  return std::ranges::any_of(deliveries_in_, waits) || (requests_too && std::ranges::any_of(requests_in_, waits));
}

void Post::show_depth() {
  std::size_t requests = 0;
  std::size_t deliveries = 0;
  for (ShardIndex from = 0; from < shards_; ++from) {
    requests += requests_in_[from].depth();
    deliveries += deliveries_in_[from].depth();
  }
  spilled_bytes_ = 0;
  for (const auto& outbox : deliveries_out_) spilled_bytes_ += outbox.spilled_bytes();
  metrics_.mailbox_entries[MailboxKind::publish].set(static_cast<std::int64_t>(requests));
  metrics_.mailbox_entries[MailboxKind::delivery].set(static_cast<std::int64_t>(deliveries));
}

}  // namespace broker::shard
