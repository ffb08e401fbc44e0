// SPDX-License-Identifier: Apache-2.0
// What the admin port answers: /metrics, /healthz, /readyz, what socket_pages.h does with sockets, and a list of them
// at
// /. Pure: the HTTP server around it is admin_server.h. With keys, all but / and the probes want one; /healthz and
// /readyz stay open, since kubelet's probes carry no secrets. Thread: any. Borrows: the metrics and the readiness.
// Errors: an answer with its status and {"error":{"code","message"}}.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/admin/exposition.h"
#include "broker/admin/health.h"
#include "broker/admin/request.h"
#include "broker/admin/socket_pages.h"

namespace broker::admin {

enum class Readiness : std::uint8_t { starting, ready, draining };

// What the admin port sees of the program.
struct Subject {
  std::span<const base::ShardMetrics* const> shards;
  const std::atomic<Readiness>& readiness;
  std::function<void(std::size_t shard)> ask;  // see Health
  const base::ReloadMetrics& reloads;
  base::SocketDirectory* sockets = nullptr;  // null: there are none
};

class Pages {
 public:
  // Without keys everything is open.
  Pages(const Subject&, LabelNames, std::string version, std::vector<std::string> keys);

  [[nodiscard]] Answer answer(const Request&, Health::Clock::time_point now);
  // Any thread. From the next request on.
  void set_keys(std::vector<std::string> keys);

 private:
  struct Page {
    std::string_view path;
    std::string_view summary;
    bool wants_key;
    Answer (Pages::*answer)(Health::Clock::time_point now);  // null: SocketPages answers it
  };
  static std::span<const Page> pages();
  Answer list(Health::Clock::time_point);
  Answer metrics(Health::Clock::time_point);
  Answer healthz(Health::Clock::time_point);
  Answer readyz(Health::Clock::time_point);
  [[nodiscard]] bool allowed(const Request&) const;
  static Answer wants_key();

  const std::atomic<Readiness>& readiness_;
  const std::size_t shard_count_;
  mutable std::mutex keys_mutex_;
  std::vector<std::string> keys_;
  const Exposition exposition_;
  Health health_;
  const SocketPages socket_pages_;
};

}  // namespace broker::admin
