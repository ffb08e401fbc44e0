// SPDX-License-Identifier: Apache-2.0
// SIGHUP: opens the configuration anew, offers it to the shards, and lets go of the old one when all of them have taken
// it over. One at a time: a signal that comes meanwhile is seen to afterwards.
// Thread: main's. Owns: what is in force, and what is on its way to be.
// Errors: all or nothing. A mistake is logged in check-config's words and counted, and everything stays as it was.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "broker/base/log.h"
#include "broker/base/metrics.h"
#include "broker/shard/configuration.h"
#include "broker/shard/shard_threads.h"
#include "config/reload.h"

namespace broker::shard {

class Reloader {
 public:
  // Called when all shards go by something else, before that is logged.
  using OnReloaded = std::function<void(const Configuration&)>;

  // Adds what is wrong with the sections that are no part of the table to the mistakes: they must be right, though a
  // change of them takes a restart.
  using CheckSections = std::function<void(config::Loaded&)>;

  // `trees` are the sections that the shards go by; they and the sources outlive it.
  Reloader(const config::Sources&, const std::vector<config::Tree>& trees,
           std::unique_ptr<const Configuration> in_force, base::LogSink&, base::ReloadMetrics&, CheckSections,
           OnReloaded);

  [[nodiscard]] const Configuration& in_force() const { return *in_force_; }
  // Requires: the shards run.
  void reload(ShardThreads&);
  // After ShardThreads::Events::on_adopted.
  void finish(ShardThreads&);

 private:
  void refuse(const config::Mistakes&);
  void tell() const;

  const config::Sources& sources_;
  const std::vector<config::Tree>& trees_;
  base::LogSink& log_;
  base::ReloadMetrics& metrics_;
  const CheckSections check_sections_;
  const OnReloaded on_reloaded_;
  std::unique_ptr<const Configuration> in_force_;
  std::unique_ptr<const Configuration> next_;  // while the shards take it over
  config::Reload reload_;                      // that next_ comes of
  bool again_ = false;                         // a signal came meanwhile
};

}  // namespace broker::shard
