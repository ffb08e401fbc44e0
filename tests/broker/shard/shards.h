// SPDX-License-Identifier: Apache-2.0
// Whole shards without their threads: post, router, home and clients of each, on scripted rings, stepped one turn at a
// time by the test, with a clock that the test moves. The turn is the one of broker/shard/shard.cc.
// Thread: one.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "broker/net/tls.h"
#include "broker/shard/client.h"
#include "broker/shard/memory_watch.h"
#include "fake_ring.h"
#include "proto/native/dialect.h"
#include "proto/raw/dialect.h"
#include "proto/rest/dialect.h"

namespace broker::shard {

using namespace std::chrono_literals;

struct ShardsOptions {
  ShardIndex shards = 1;
  config::Settings settings;
  topics::LogLimits log{1000, 5min, 64 << 20};
  std::vector<std::string> keys;
  std::vector<topics::Groups::Members> streams;
  const proto::Dialect* another = nullptr;  // beside the product's; outlives the shards
  std::uint64_t memory_bytes = INT64_MAX;   // of each shard

  ShardsOptions() { settings.dev = true; }
};

struct NobodyWrites final : base::LogWake {
  void wake() noexcept override {}
};

// What the shards share.
struct Shared {
  explicit Shared(const ShardsOptions& chosen)
      : options(chosen),
        mesh(options.shards),
        common{.settings = options.settings,
               .access = Access(options.settings, options.keys),
               .dialects = dialects,
               .routes = routes,
               .groups = groups,
               .http_limits = {.head_bytes_max = config::limits::head_bytes_max,
                               .target_bytes_max = config::limits::target_bytes_max,
                               .headers_max = config::limits::headers_max,
                               .chunk_line_bytes_max = config::limits::chunk_line_bytes_max,
                               .trailer_bytes_max = config::limits::trailer_bytes_max},
               .memory_bytes = options.memory_bytes} {}

  const ShardsOptions options;
  const proto::native::NativeDialect native;
  const proto::raw::RawDialect raw;
  const proto::rest::RestDialect rest;
  const std::vector<const proto::Dialect*> dialects = all_dialects();
  const proto::http::Router routes{dialects};
  const topics::Groups groups{options.streams};
  Mesh mesh;
  NobodyWrites log_wake;
  Common common;

 private:
  [[nodiscard]] std::vector<const proto::Dialect*> all_dialects() const {
    std::vector<const proto::Dialect*> all = {&native, &raw, &rest};
    if (options.another != nullptr) all.push_back(options.another);
    return all;
  }
};

class OneShard {
 public:
  OneShard(Shared& what, ShardIndex number)
      : shared(what),
        index(number),
        post(shared.mesh, index, metrics),
        memory(shared.common.memory_bytes),
        router(clients, post, shared.mesh.shards(), shared.groups, now, compression(shared.options.settings), metrics,
               log, &memory.runs),
        home(std::make_unique<Home>(
            Home::Options{.log = shared.options.log, .epoch_seed = 100 + index, .groups = shared.groups}, post, now,
            timers, metrics)),
        services(ring, shared.common, index, now, timers, memory, router, post, clients, metrics, log) {
    set_clock({});
    shared.mesh.enter(index, ring);
    ring.automatic.cancels = true;
  }

  void set_clock(std::chrono::nanoseconds passed) {
    now.steady = epoch + std::chrono::duration_cast<std::chrono::steady_clock::duration>(passed);
    now.steady_ns = now.steady.time_since_epoch().count();
    now.wall_us = 1'700'000'000'000'000 + passed.count() / 1000;
  }

  // Returns whether anything happened or is left to do.
  bool turn() {
    ++services.turn;
    std::size_t done = services.behind.size();
    for (net::Connection* behind : std::exchange(services.behind, {})) behind->catch_up();
    done += ring.turn();
    services.departures.tell();
    drive_handshakes();
    done += drain_mailboxes();
    router.fan_out();
    done += flush();
    done += timers.advance(now.steady);
    bury();
    memory_watch.look();
    post.publish(ring);
    return done > 0 || !services.dirty.empty() || post.anything_waiting(!post.deliveries_congested());
  }

  Client& accept(int fd, std::unique_ptr<net::Tls> tls = nullptr) {
    const ClientId id = clients.reserve();
    const base::Transport transport = tls == nullptr ? base::Transport::http : base::Transport::https;
    auto client = std::make_unique<Client>(services, id, fd, std::move(tls), transport);
    Client& accepted = *client;
    clients.put(id, std::move(client));
    accepted.start();
    return accepted;
  }

  static constexpr std::chrono::steady_clock::time_point epoch{1000h};
  Shared& shared;
  const ShardIndex index;
  base::ShardMetrics metrics;
  base::LogSink log{"test", base::LogLevel::warning, shared.log_wake};
  fakes::FakeRing ring;
  Now now;
  base::TimerWheel timers{epoch};
  Post post;
  Memory memory;
  ClientTable clients;
  Router router;
  std::unique_ptr<Home> home;
  Services services;
  MemoryWatch memory_watch{services};

 private:
  void drive_handshakes() {
    for (net::Connection* due : std::exchange(services.handshakes, {})) due->drive_handshake();
  }
  std::size_t drain_mailboxes() {
    constexpr std::size_t most_each = config::limits::mails_per_turn;
    std::size_t mails = 0;
    post.publish(ring);
    if (!post.deliveries_congested()) {
      mails += post.drain_requests(most_each, [this](ShardIndex from, RequestMail&& mail) {
        if (mail.type == RequestMail::Type::session) return services.sessions.on_question(from, std::move(mail));
        home->on_mail(from, std::move(mail));
      });
      home->acknowledge();
      post.publish(ring);
    }
    mails += post.drain_deliveries(most_each, [this](ShardIndex, DeliveryMail&& mail) {
      if (mail.type == DeliveryMail::Type::session) return services.sessions.on_answer(std::move(mail));
      router.on_mail(std::move(mail));
    });
    post.release();
    if (!services.blocked.empty() && !post.any_requests_full()) {
      for (Subscriber* client : std::exchange(services.blocked, {})) client->unblock();
    }
    return mails;
  }
  std::size_t flush() {
    const std::vector<Subscriber*> flushing = std::exchange(services.dirty, {});
    for (Subscriber* client : flushing) client->settle();
    return flushing.size();
  }
  void bury() {
    router.messages().free_all();
    std::erase_if(services.dead, [this](ClientId id) {
      if (!static_cast<Subscriber*>(clients.find(id))->may_be_destroyed()) return false;
      clients.destroy(id);
      return true;
    });
  }
};

class Shards {
 public:
  explicit Shards(const ShardsOptions& options = {}) : shared(options) {
    for (ShardIndex index = 0; index < options.shards; ++index)
      all.push_back(std::make_unique<OneShard>(shared, index));
  }
  ~Shards() {
    for (auto& one : all) {
      one->clients.for_each(0, one->clients.slots(), [](Recipient& each) {
        if (auto* client = dynamic_cast<Client*>(&each)) client->cut();
      });
      end_io(*one);
    }
    settle();
    for (auto& one : all) EXPECT_EQ(one->clients.size(), 0u) << "a client lives for ever";
  }

  OneShard& operator[](std::size_t index) { return *all[index]; }
  // One turn of each shard.
  bool turn() {
    bool busy = false;
    for (auto& one : all) busy |= one->turn();
    return busy;
  }
  // Until two rounds in which nothing happens: in the first the last shard may have shown mail to the first.
  void settle() {
    int turns = 0;
    for (int idle = 0; idle < 2; idle = turn() ? 0 : idle + 1)
      ASSERT_LT(++turns, 100'000) << "the shards never come to rest";
  }
  // Time passes in steps of the timer wheel.
  void pass(std::chrono::milliseconds time) {
    for (const auto end = passed_ + time; passed_ < end;) {
      passed_ = std::min<std::chrono::nanoseconds>(end, passed_ + 50ms);
      for (auto& one : all) one->set_clock(passed_);
      settle();
    }
  }
  [[nodiscard]] std::size_t home_of(std::string_view topic) const {
    return topics::home_of(shared.groups.group_of(topic), all.size());
  }
  [[nodiscard]] int next_fd() { return ++last_fd_; }
  // A name of a topic whose home is that shard.
  [[nodiscard]] std::string topic_at(std::size_t home) const {
    for (int i = 0;; ++i) {
      std::string name = "topic " + std::to_string(i);
      if (home_of(name) == home) return name;
    }
  }

  Shared shared;
  std::vector<std::unique_ptr<OneShard>> all;

 private:
  // What abort() cancelled or shut down ends by itself; this is for tests that have turned that off.
  static void end_io(OneShard& one) { one.ring.automatic.cancels = true; }
  std::chrono::nanoseconds passed_{0};
  int last_fd_ = 100;
};

}  // namespace broker::shard
