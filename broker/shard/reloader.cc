// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/reloader.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "absl/strings/str_join.h"
#include "config/limits.h"

namespace broker::shard {

Reloader::Reloader(const config::Sources& sources, const std::vector<config::Tree>& trees,
                   std::unique_ptr<const Configuration> in_force, base::LogSink& log, base::ReloadMetrics& metrics,
                   CheckSections check_sections, OnReloaded on_reloaded)
    : sources_(sources),
      trees_(trees),
      log_(log),
      metrics_(metrics),
      check_sections_(std::move(check_sections)),
      on_reloaded_(std::move(on_reloaded)),
      in_force_(std::move(in_force)) {
  metrics_.last_ok.set(1);
  metrics_.last_ok_time_s.set(std::time(nullptr));
}

// Until everything has been read and found right, nothing is touched.
void Reloader::reload(ShardThreads& shards) {
  again_ = next_ != nullptr;
  if (again_) return;
  reload_ = config::reload(sources_, in_force_->settings, trees_);
  if (reload_.loaded.mistakes.empty()) check_sections_(reload_.loaded);
  if (!reload_.loaded.mistakes.empty()) return refuse(reload_.loaded.mistakes);
  Opened opened = open_configuration(reload_.loaded, std::chrono::system_clock::now());
  if (opened.configuration == nullptr) return refuse(opened.mistakes);
  next_ = std::move(opened.configuration);
  shards.adopt(*next_);
}

void Reloader::finish(ShardThreads& shards) {
  if (next_ == nullptr || !shards.adopted()) return;
  in_force_ = std::move(next_);
  on_reloaded_(*in_force_);
  metrics_.ok.add();
  metrics_.last_ok.set(1);
  metrics_.last_ok_time_s.set(std::time(nullptr));
  tell();
  if (again_) reload(shards);
}

void Reloader::refuse(const config::Mistakes& mistakes) {
  metrics_.failed.add();
  metrics_.last_ok.set(0);
  log_.error("configuration not reloaded: what was in force stays", {{"mistakes", mistakes.size()}});
  const std::size_t shown = std::min(mistakes.size(), config::limits::mistakes_logged_max);
  for (std::size_t i = 0; i < shown; ++i) log_.error(config::format(mistakes[i]));
}

// What stands in the files of certificates and keys is loaded each time; of it no difference is told.
void Reloader::tell() const {
  log_.info("configuration reloaded", {{"changed", absl::StrJoin(reload_.changed, ", ")}});
  if (!reload_.waiting.empty()) log_.warning("restart to change", {{"keys", absl::StrJoin(reload_.waiting, ", ")}});
  if (in_force_->identity != nullptr) {
    log_.info("certificate", {{"sha256", in_force_->identity->fingerprint()}});
    if (!in_force_->warning.empty()) log_.warning(in_force_->warning);
  }
}

}  // namespace broker::shard
