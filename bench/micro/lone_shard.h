// SPDX-License-Identifier: Apache-2.0
// A whole shard, with its own loop, on a ring without a kernel: clients come over on_accepted() and speak the raw
// or the native dialect, so that what is measured is the turn as it is in the product.
// Thread: one. Owns: all of it. Limits: nobody pings and nothing times out, however long a benchmark runs.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "broker/shard/namespace_groups.h"
#include "broker/shard/shard.h"
#include "frames.h"
#include "null_ring.h"
#include "proto/native/dialect.h"
#include "proto/raw/dialect.h"

namespace bench::micro {

class LoneShard {
 public:
  LoneShard() = default;
  ~LoneShard() {
    ring_.reset_all();
    settle();
  }
  LoneShard(const LoneShard&) = delete;
  LoneShard& operator=(const LoneShard&) = delete;

  // A client that has its WebSocket. Returns its descriptor.
  int connect(std::string_view target) {
    const int fd = next_fd_++;
    shard_->on_accepted(fd, broker::base::Listener::http);
    std::string head = browser_upgrade(target);
    ring_.give(fd, {reinterpret_cast<std::uint8_t*>(head.data()), head.size()});
    settle();
    return fd;
  }

  // Turns until nothing is left to do.
  void settle() {
    ring_.set_on_wait([this](bool idle) { stop_if(idle); });
    run();
  }
  // Turns until stop(); `on_wait` is called before each.
  void run(NullRing::OnWait on_wait) {
    ring_.set_on_wait(std::move(on_wait));
    run();
  }
  void stop() { control_.wanted.store(broker::shard::ShardControl::Wanted::stop, std::memory_order_release); }

  [[nodiscard]] NullRing& ring() { return ring_; }
  [[nodiscard]] const broker::base::ShardMetrics& metrics() const { return *metrics_; }

 private:
  struct NobodyWrites final : broker::base::LogWake {
    void wake() noexcept override {}
  };
  static config::Settings make_settings() {
    config::Settings settings;
    settings.dev = true;
    settings.websocket.ping_interval = std::chrono::hours(24);
    return settings;
  }
  void stop_if(bool idle) {
    if (idle) stop();
  }
  void run() {
    control_.wanted.store(broker::shard::ShardControl::Wanted::run, std::memory_order_release);
    shard_->run({.on_drained = [](void*) {}, .on_adopted = [](void*) {}, .on_ebb = [](void*) {}, .context = nullptr});
  }

  const config::Settings settings_ = make_settings();
  const proto::raw::RawDialect raw_;
  const proto::native::NativeDialect native_;
  const proto::Dialect* const dialects_[2] = {&raw_, &native_};
  const proto::http::Router routes_{dialects_};
  const broker::topics::Groups groups_ = broker::shard::groups_of({});  // as where no rules are set
  const broker::shard::Common common_{.settings = settings_,
                                      .access = broker::shard::Access(settings_, {}),
                                      .dialects = dialects_,
                                      .routes = routes_,
                                      .groups = groups_,
                                      .http_limits = {.head_bytes_max = config::limits::head_bytes_max,
                                                      .target_bytes_max = config::limits::target_bytes_max,
                                                      .headers_max = config::limits::headers_max,
                                                      .chunk_line_bytes_max = config::limits::chunk_line_bytes_max,
                                                      .trailer_bytes_max = config::limits::trailer_bytes_max}};
  NobodyWrites log_wake_;
  broker::base::LogSink log_{"micro", broker::base::LogLevel::error, log_wake_};
  std::unique_ptr<broker::base::ShardMetrics> metrics_ = std::make_unique<broker::base::ShardMetrics>();
  broker::shard::ShardControl control_;
  NullRing ring_;
  broker::shard::Mesh mesh_{1};
  int next_fd_ = 0;
  std::unique_ptr<broker::shard::Shard> shard_ = make_shard();

  std::unique_ptr<broker::shard::Shard> make_shard() {
    mesh_.enter(0, ring_);
    const broker::shard::Home::Options home{
        .log = {.messages = settings_.log.messages, .age = settings_.log.age, .bytes = settings_.log.bytes},
        .epoch_seed = 1,
        .groups = groups_};
    return std::make_unique<broker::shard::Shard>(0, ring_, mesh_, common_, home, nullptr, *metrics_, log_, control_);
  }
};

}  // namespace bench::micro
