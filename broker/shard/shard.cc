// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/shard.h"

#include <algorithm>

#include "broker/net/tls.h"
#include "broker/shard/client.h"
#include "broker/shard/socket_answers.h"
#include "config/limits.h"

namespace broker::shard {

namespace limits = config::limits;
using namespace std::chrono_literals;

Shard::Shard(ShardIndex index, io::Ring& ring, Mesh& mesh, const Common& common, const Home::Options& home,
             net::TlsContext* tls, base::ShardMetrics& metrics, base::LogSink& log, ShardControl& control)
    : index_(index),
      ring_(ring),
      mesh_(mesh),
      tls_(tls),
      metrics_(metrics),
      log_(log),
      control_(control),
      timers_(std::chrono::steady_clock::now()),
      post_(mesh, index, metrics),
      memory_(common.memory_bytes),
      router_(clients_, post_, mesh.shards(), common.groups, now_, compression(common.settings), metrics, log,
              &memory_.runs),
      home_(home, post_, now_, timers_, metrics),
      services_(ring, common, index, now_, timers_, memory_, router_, post_, clients_, metrics, log),
      memory_watch_(services_),
      drain_(clients_, timers_, now_),
      ebb_(timers_, now_) {
  read_clock();
}

Shard::~Shard() = default;

void Shard::listen(int fd, base::Listener listener) {
  acceptors_.emplace_back(ring_, timers_, now_, metrics_, log_, *this, fd, listener);
}

void Shard::run(const Events& events) {
  events_ = events;
  ebb_.tell({.on_ebb = events.on_ebb, .context = events.context});
  choose_sockets();
  for (Acceptor& acceptor : acceptors_) acceptor.start();
  while (control_.wanted.load(std::memory_order_acquire) != ShardControl::Wanted::stop) {
    wait();
    read_clock();
    obey();
    drive_inputs();
    ring_.run();
    services_.departures.tell();
    drive_handshakes();
    drain_mailboxes();
    router_.fan_out();
    flush();
    ring_.submit();
    timers_.advance(now_.steady);
    bury();
    memory_watch_.look();
    heartbeat();
  }
  ring_.submit();  // what the last turn has closed
}

// ---- the turn

void Shard::wait() {
  metrics_.shard_busy_ns.add(static_cast<std::uint64_t>(
      std::max<std::int64_t>(0, std::chrono::steady_clock::now().time_since_epoch().count() - now_.steady_ns)));
  ring_.wait(sleep_time());
  mesh_.sleep_flag(index_).awake();
}

// Zero while there is anything left to do; negative, which is without end, when not even time will bring something.
std::chrono::nanoseconds Shard::sleep_time() {
  post_.publish(ring_);
  const bool in_line = !services_.handshakes.empty() || !services_.behind.empty();
  if (in_line || !services_.dirty.empty() || flushed_ < flushing_.size()) return 0ns;
  base::SleepFlag& flag = mesh_.sleep_flag(index_);
  flag.prepare_sleep();
  if (post_.anything_waiting(!post_.deliveries_congested())) {
    flag.awake();
    return 0ns;
  }
  const auto next = timers_.next_deadline();
  if (!next) return -1ns;
  return std::max<std::chrono::nanoseconds>(0ns, *next - std::chrono::steady_clock::now());
}

void Shard::read_clock() {
  ++services_.turn;
  now_.steady = std::chrono::steady_clock::now();
  now_.steady_ns = now_.steady.time_since_epoch().count();
  now_.wall_us =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
}

// What main and operators want of the shard.
void Shard::obey() {
  if (const Configuration* next = control_.offered.load(std::memory_order_acquire)) adopt(*next);
  if (std::unique_ptr<SocketQuestion> question = control_.sockets.take()) {
    answer(services_, *question);
    control_.sockets.give_back(std::move(question));
  }
  if (control_.wanted.load(std::memory_order_acquire) != ShardControl::Wanted::drain || services_.draining) return;
  services_.draining = true;
  for (Acceptor& acceptor : acceptors_) acceptor.stop();
  log_.info("draining", {{"shard", index_}, {"connections", clients_.size()}});
  drain_.begin(std::chrono::nanoseconds(control_.drain_ns.load(std::memory_order_relaxed)));
}

// At a turn's beginning, so that a turn has one set of rules from its first line to its last.
void Shard::adopt(const Configuration& next) {
  const bool other_readers = services_.common.settings.access.client_subscribe != next.settings.access.client_subscribe;
  services_.adopt(next);
  if (other_readers) revoke_subscriptions();
  choose_sockets();
  home_.set_log_limits(log_limits(next.settings.log, mesh_.shards(), services_.common.memory_bytes));
  const net::TlsIdentity* identity = next.identity.get();
  if (tls_ != nullptr && identity != nullptr) tls_->renew(std::span(&identity, 1));
  control_.offered.store(nullptr, std::memory_order_relaxed);
  events_.on_adopted(events_.context);
}

void Shard::revoke_subscriptions() {
  std::size_t count = 0;
  clients_.for_each(0, clients_.slots(),
                    [&](Recipient& each) { count += static_cast<Subscriber&>(each).revoke_subscriptions(); });
  if (count > 0) log_.info("subscriptions revoked: see access.client_subscribe", {{"shard", index_}, {"count", count}});
}

// What is no descriptor has no address, which some settings ask for.
void Shard::choose_sockets() {
  const bool told = services_.common.settings.logging.level == config::LogLevel::debug;
  const bool addresses = told || services_.admission.counts_addresses();
  for (Acceptor& acceptor : acceptors_) {
    acceptor.accept_as(addresses ? io::Ring::Accepting::descriptor : io::Ring::Accepting::any);
  }
}

// Who sends more than its share of a turn goes on in the next, one behind the other.
void Shard::drive_inputs() {
  std::vector<net::Connection*>& behind = services_.behind;
  const std::size_t due = std::min<std::size_t>(behind.size(), limits::inputs_per_turn);
  for (std::size_t i = 0; i < due; ++i) behind[i]->catch_up();
  behind.erase(behind.begin(), behind.begin() + static_cast<std::ptrdiff_t>(due));
}

// A storm of handshakes gets its share of every turn and no more.
void Shard::drive_handshakes() {
  const std::size_t due = std::min<std::size_t>(services_.handshakes.size(), limits::handshakes_per_turn);
  for (std::size_t i = 0; i < due; ++i) services_.handshakes[i]->drive_handshake();
  services_.handshakes.erase(services_.handshakes.begin(),
                             services_.handshakes.begin() + static_cast<std::ptrdiff_t>(due));
}

void Shard::drain_mailboxes() {
  constexpr std::size_t most_each = limits::mails_per_turn;
  post_.publish(ring_);
  if (!post_.deliveries_congested()) {
    post_.drain_requests(most_each, [this](ShardIndex from, RequestMail&& mail) { take(from, std::move(mail)); });
    home_.acknowledge();
    post_.publish(ring_);
  }
  post_.drain_deliveries(most_each, [this](ShardIndex, DeliveryMail&& mail) { take(std::move(mail)); });
  post_.release();
  if (!services_.blocked.empty() && !post_.any_requests_full()) {
    for (Subscriber* client : services_.blocked) client->unblock();
    services_.blocked.clear();
  }
}

void Shard::take(ShardIndex from, RequestMail&& mail) {
  if (mail.type == RequestMail::Type::session) return services_.sessions.on_question(from, std::move(mail));
  home_.on_mail(from, std::move(mail));
}

void Shard::take(DeliveryMail&& mail) {
  if (mail.type == DeliveryMail::Type::session) return services_.sessions.on_answer(std::move(mail));
  router_.on_mail(std::move(mail));
}

// One send for each connection that has something, of all that it has. What comes up meanwhile goes with the next turn.
void Shard::flush() {
  for (std::uint32_t count = 0; count < limits::sends_per_flush; ++count) {
    if (flushed_ == flushing_.size()) {
      if (count > 0 || services_.dirty.empty()) return;
      flushing_.clear();
      flushing_.swap(services_.dirty);
      flushed_ = 0;
    }
    flushing_[flushed_++]->settle();
  }
}

void Shard::bury() {
  router_.messages().free_all();
  if (!services_.dead.empty()) {
    std::erase_if(services_.dead, [this](ClientId id) {
      if (!static_cast<Subscriber*>(clients_.find(id))->may_be_destroyed()) return false;
      clients_.destroy(id);
      return true;
    });
  }
  ebb_.note(clients_.size());
  const bool gone = clients_.size() == 0 && std::ranges::all_of(acceptors_, &Acceptor::stopped);
  if (services_.draining && gone && !control_.drained.load(std::memory_order_relaxed)) {
    control_.drained.store(true, std::memory_order_release);
    events_.on_drained(events_.context);
  }
}

void Shard::heartbeat() {
  const io::RingCounts& counts = ring_.counts();
  metrics_.ring_enters.set_total(counts.enters);
  metrics_.ring_completions.set_total(counts.completions);
  metrics_.ring_submit_full.set_total(counts.submit_full);
  metrics_.ring_overflows.set_total(counts.overflows);
  metrics_.ring_buffers_exhausted.set_total(counts.buffers_exhausted);
  post_.show_depth();
  metrics_.shard_turns.add();
}

// ---- accepting

void Shard::on_accepted(int socket, base::Listener listener) noexcept {
  const std::optional<Admitted> admitted = services_.admission.admit(socket);
  if (!admitted) return ring_.close(socket, false);
  const bool secure = listener == base::Listener::https;
  if (secure) tls_->advance(now_.steady);  // here and not by a timer: an idle shard sleeps
  const ClientId id = clients_.reserve();
  auto client = std::make_unique<Client>(services_, id, socket, secure ? std::make_unique<net::Tls>(*tls_) : nullptr,
                                         secure ? base::Transport::https : base::Transport::http, *admitted);
  Client& accepted = *client;
  clients_.put(id, std::move(client));
  accepted.start();
  if (services_.draining) accepted.go_away();
}

}  // namespace broker::shard
