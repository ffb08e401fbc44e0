// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/shard_threads.h"

#include <pthread.h>

#include "broker/base/machine.h"
#include "broker/net/digest.h"

namespace broker::shard {

ShardThreads::ShardThreads(const ShardsOptions& options, const Common& common, std::span<base::LogSink* const> logs,
                           Events events)
    : options_(options),
      common_(common),
      events_(std::move(events)),
      ticket_keys_(std::chrono::steady_clock::now()),
      mesh_(options.shards),
      all_(make_all(logs.first(options.shards))),
      socket_desk_(inboxes(), common.namespaces, [this](std::size_t shard) { wake(shard); }),
      step_(static_cast<std::ptrdiff_t>(options.shards) + 1) {}

std::vector<std::unique_ptr<ShardThreads::One>> ShardThreads::make_all(std::span<base::LogSink* const> logs) {
  std::vector<std::unique_ptr<One>> all;
  for (base::LogSink* log : logs) {
    auto one = std::make_unique<One>();
    one->log = log;
    std::uint8_t seed[sizeof one->epoch_seed];
    net::random_bytes(seed);
    std::memcpy(&one->epoch_seed, seed, sizeof seed);
    all.push_back(std::move(one));
  }
  return all;
}

std::vector<SocketInbox*> ShardThreads::inboxes() const {
  std::vector<SocketInbox*> inboxes;
  for (const auto& one : all_) inboxes.push_back(&one->control.sockets);
  return inboxes;
}

ShardThreads::~ShardThreads() { stop(); }

void ShardThreads::listen(std::vector<base::OwnedFd>&& sockets, base::Listener listener) {
  for (std::size_t i = 0; i < sockets.size(); ++i) all_[i]->listeners.emplace_back(sockets[i].release(), listener);
}

std::string ShardThreads::start() {
  for (ShardIndex index = 0; index < options_.shards; ++index) {
    all_[index]->thread = std::thread([this, index] { run(index); });
  }
  running_ = true;
  step_.arrive_and_wait();  // every ring is made, or failed
  if (error_.empty()) ring_description_ = all_.front()->ring.load()->describe();
  const std::string error = error_;
  if (!error.empty()) {
    for (auto& one : all_) one->control.wanted.store(ShardControl::Wanted::stop);
  }
  step_.arrive_and_wait();  // they may run
  if (!error.empty()) stop();
  return error;
}

void ShardThreads::drain(std::chrono::nanoseconds duration) {
  for (auto& one : all_) one->control.drain_ns.store(duration.count(), std::memory_order_relaxed);
  tell(ShardControl::Wanted::drain);
}

void ShardThreads::adopt(const Configuration& next) {
  adopting_.store(options_.shards, std::memory_order_relaxed);
  for (auto& one : all_) one->control.offered.store(&next, std::memory_order_release);
  for (std::size_t shard = 0; shard < all_.size(); ++shard) wake(shard);
}

void ShardThreads::count_drained(void* self) {
  auto& shards = *static_cast<ShardThreads*>(self);
  if (shards.drained_.fetch_add(1) + 1 == shards.options_.shards) shards.events_.on_drained();
}

void ShardThreads::count_adopted(void* self) {
  auto& shards = *static_cast<ShardThreads*>(self);
  if (shards.adopting_.fetch_sub(1, std::memory_order_acq_rel) == 1) shards.events_.on_adopted();
}

void ShardThreads::tell_ebb(void* self) { static_cast<ShardThreads*>(self)->events_.on_ebb(); }

void ShardThreads::stop() {
  if (!running_) return;
  running_ = false;
  tell(ShardControl::Wanted::stop);
  step_.arrive_and_wait();  // every loop has ended: nobody wakes anybody any more
  for (auto& one : all_) one->thread.join();
}

void ShardThreads::wake(std::size_t shard) {
  if (const io::UringRing* ring = all_[shard]->ring.load()) ring->wake_from_any_thread();
}

void ShardThreads::tell(ShardControl::Wanted wanted) {
  for (auto& one : all_) {
    one->control.wanted.store(wanted, std::memory_order_release);
    if (const io::UringRing* ring = one->ring.load()) ring->wake_from_any_thread();
  }
}

std::vector<const base::ShardMetrics*> ShardThreads::metrics() const {
  std::vector<const base::ShardMetrics*> metrics;
  for (const auto& one : all_) metrics.push_back(&one->metrics);
  return metrics;
}

void ShardThreads::run(ShardIndex index) {
  One& one = *all_[index];
  const std::string name = "shard " + std::to_string(index);
  ::pthread_setname_np(::pthread_self(), name.c_str());
  if (!options_.processors.empty()) base::pin_to(options_.processors[index]);

  io::UringRing::Created created = io::UringRing::create();
  if (created.ring == nullptr) {
    const std::lock_guard lock(error_mutex_);
    error_ = created.error;
    for (const auto& [fd, listener] : one.listeners) base::OwnedFd close_it(fd);
  } else {
    one.ring.store(created.ring.get());
    mesh_.enter(index, *created.ring);
  }
  step_.arrive_and_wait();  // main looks at the errors
  step_.arrive_and_wait();
  // Another shard could not be made: this one never begins.
  const bool begins = one.control.wanted.load() != ShardControl::Wanted::stop;
  if (created.ring != nullptr && begins) {
    std::unique_ptr<net::TlsContext> tls;
    if (options_.identity != nullptr)
      tls = std::make_unique<net::TlsContext>(std::span(&options_.identity, 1), ticket_keys_);
    Home::Options home = options_.home;
    home.epoch_seed = one.epoch_seed;
    Shard shard(index, *created.ring, mesh_, common_, home, tls.get(), one.metrics, *one.log, one.control);
    for (const auto& [fd, listener] : one.listeners) shard.listen(fd, listener);
    shard.run({.on_drained = &count_drained, .on_adopted = &count_adopted, .on_ebb = &tell_ebb, .context = this});
    step_.arrive_and_wait();  // no mail is on its way and no ring is woken behind this
  } else {
    step_.arrive_and_wait();
  }
}

}  // namespace broker::shard
