// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/session_keeper.h"

#include <algorithm>
#include <utility>

#include "broker/shard/services.h"
#include "broker/shard/subscriber.h"

namespace broker::shard {

using proto::socketio::KeptSocket;
using proto::socketio::SessionAnswer;

namespace {

// What it takes to keep one, beside its own bytes: the tables' entries and the strings' heads.
constexpr std::size_t entry_bytes = 256;

std::size_t bytes_of(const KeptSocket& socket) {
  std::size_t bytes = entry_bytes + socket.sid.size();
  for (const std::string& room : socket.rooms) bytes += sizeof room + room.size();
  for (const auto& [name, value] : socket.data) bytes += sizeof name + name.size() + sizeof value + value.size();
  return bytes;
}

ClientId client_of(proto::Host& host) { return dynamic_cast<Subscriber&>(host).id(); }

}  // namespace

SessionKeeper::SessionKeeper(Services& services) : services_(services) { timer_.bind<&SessionKeeper::on_timer>(*this); }

std::string SessionKeeper::issue(proto::Host& host, const Rules& nsp) {
  const ClientId holder = client_of(host);
  std::string pid = services_.sessions.id_of(holder);
  entries_.insert_or_assign(pid, Entry{.nsp = &nsp, .holder = {.shard = services_.shard, .client = holder}});
  return pid;
}

void SessionKeeper::hold(proto::Host& host, const Rules& nsp, std::string_view pid) {
  ask(host, {.kind = KeeperQuestion::Kind::hold, .nsp = &nsp, .pid = std::string(pid)});
}

void SessionKeeper::keep(proto::Host& host, const Rules& nsp, std::string_view pid, KeptSocket&& socket) {
  ask(host, {.kind = KeeperQuestion::Kind::keep, .nsp = &nsp, .pid = std::string(pid), .socket = std::move(socket)});
}

void SessionKeeper::drop(proto::Host& host, const Rules& nsp, std::string_view pid) {
  ask(host, {.kind = KeeperQuestion::Kind::drop, .nsp = &nsp, .pid = std::string(pid)});
}

void SessionKeeper::take(proto::Host& host, proto::Tag tag, const Rules& nsp, std::string_view pid) {
  ask(host, {.kind = KeeperQuestion::Kind::take, .nsp = &nsp, .pid = std::string(pid), .tag = tag});
}

void SessionKeeper::ask(proto::Host& host, KeeperQuestion&& question) {
  const ShardIndex keeper = services_.sessions.shard_of(question.pid);
  services_.sessions.send(keeper, client_of(host), std::move(question));
}

void SessionKeeper::on_question(const Asker& asker, KeeperQuestion&& question) {
  using Kind = KeeperQuestion::Kind;
  switch (question.kind) {
    case Kind::hold:
      if (const auto found = entries_.find(question.pid); found != entries_.end()) found->second.holder = asker;
      return;
    case Kind::keep: return on_keep(std::move(question));
    case Kind::drop: return forget(question.pid);
    case Kind::take: return on_take(asker, std::move(question));
  }
}

void SessionKeeper::on_keep(KeeperQuestion&& question) {
  const auto found = entries_.find(question.pid);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  if (entry.waiting) {
    const Waiting waiting = *std::exchange(entry.waiting, std::nullopt);
    entry.holder = waiting.asker;
    return give(waiting, question, std::move(question.socket));
  }
  OfNamespace& of = namespaces_[entry.nsp];
  entry.bytes = bytes_of(question.socket);
  entry.socket = std::move(question.socket);
  entry.serial = next_serial_++;
  of.bytes += entry.bytes;
  const std::int64_t until = services_.now.steady_ns + std::chrono::nanoseconds(entry.nsp->recovery->window).count();
  of.kept.push_back({.pid = question.pid, .serial = entry.serial, .until_ns = until});
  keep_to_bytes(*question.nsp, of);
  arm();
}

void SessionKeeper::on_take(const Asker& asker, KeeperQuestion&& question) {
  const Waiting waiting{.asker = asker, .tag = question.tag};
  const auto found = entries_.find(question.pid);
  if (found == entries_.end() || found->second.nsp != question.nsp || found->second.waiting) {
    return give(waiting, question, std::nullopt);
  }
  Entry& entry = found->second;
  if (entry.socket) {
    namespaces_[entry.nsp].bytes -= entry.bytes;
    entry.holder = asker;
    return give(waiting, question, std::exchange(entry.socket, std::nullopt));
  }
  entry.waiting = waiting;
  services_.sessions.answer(entry.holder, {.kind = SessionAnswer::Kind::give_up});
}

void SessionKeeper::give(const Waiting& waiting, const KeeperQuestion& question, std::optional<KeptSocket>&& socket) {
  services_.sessions.answer(waiting.asker, {.kind = SessionAnswer::Kind::kept,
                                            .tag = waiting.tag,
                                            .socket = std::move(socket),
                                            .nsp = question.nsp,
                                            .pid = question.pid});
}

void SessionKeeper::put_back(SessionAnswer&& answer) {
  services_.sessions.send(services_.sessions.shard_of(answer.pid), {},
                          KeeperQuestion{.kind = KeeperQuestion::Kind::keep,
                                         .nsp = answer.nsp,
                                         .pid = std::move(answer.pid),
                                         .socket = *std::move(answer.socket)});
}

void SessionKeeper::forget(const std::string& pid) {
  const auto found = entries_.find(pid);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  if (entry.socket) namespaces_[entry.nsp].bytes -= entry.bytes;
  if (entry.waiting) give(*entry.waiting, {.nsp = entry.nsp, .pid = pid}, std::nullopt);
  entries_.erase(found);
}

void SessionKeeper::keep_to_bytes(const Rules& nsp, OfNamespace& of) {
  while (of.bytes > nsp.recovery->bytes / services_.post.shards() && !of.kept.empty()) {
    const Kept oldest = std::move(of.kept.front());
    of.kept.pop_front();
    const auto found = entries_.find(oldest.pid);
    if (found != entries_.end() && found->second.serial == oldest.serial && found->second.socket) forget(oldest.pid);
  }
}

void SessionKeeper::on_timer() noexcept {
  for (auto& [nsp, of] : namespaces_) {
    while (!of.kept.empty() && of.kept.front().until_ns <= services_.now.steady_ns) {
      const Kept over = std::move(of.kept.front());
      of.kept.pop_front();
      const auto found = entries_.find(over.pid);
      if (found != entries_.end() && found->second.serial == over.serial && found->second.socket) forget(over.pid);
    }
  }
  arm();
}

void SessionKeeper::arm() {
  if (timer_.armed()) return;
  std::optional<std::int64_t> next;
  for (const auto& [nsp, of] : namespaces_) {
    if (!of.kept.empty()) next = std::min(next.value_or(INT64_MAX), of.kept.front().until_ns);
  }
  if (!next) return;
  services_.timers.arm(timer_, services_.now.steady + std::chrono::nanoseconds(*next - services_.now.steady_ns));
}

}  // namespace broker::shard
