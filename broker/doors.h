// SPDX-License-Identifier: Apache-2.0
// What clients meet, out of the settings: the dialects with their rules, the files that are served, the paths to all of
// it. What is wrong with the sections that are no part of the table is found while it is made, at the start, by
// check-config and by a reload, in the same words.
// Thread: made on main's; then constant, any. Owns: dialects, rules, router. Borrows: the directory.
// Errors: mistakes, told as all others; with any, it is not to be served.
#pragma once

#include <string>
#include <vector>

#include "broker/shard/namespace_groups.h"
#include "broker/shard/rule_settings.h"
#include "broker/web/directory.h"
#include "config/load.h"
#include "dialects.h"
#include "proto/http/router.h"

namespace broker {

class Doors {
 public:
  // Adds what is wrong to the mistakes. `directory`: the files of static.dir.
  Doors(config::Loaded&, const web::Directory& directory);
  Doors(const Doors&) = delete;
  Doors& operator=(const Doors&) = delete;

  [[nodiscard]] std::span<const proto::Dialect* const> dialects() const { return dialects_.list(); }
  [[nodiscard]] const proto::http::Router& routes() const { return routes_; }
  [[nodiscard]] const topics::Groups& groups() const { return groups_; }
  [[nodiscard]] const std::vector<std::string>& namespaces() const { return namespaces_; }  // of Socket.IO
  [[nodiscard]] const config::Mistakes& warnings() const { return warnings_; }

 private:
  Doors(config::Loaded&, const web::Directory& directory, shard::RuleSettings rules);

  const config::Mistakes warnings_;
  const proto::socketio::Rules rules_;
  const Dialects dialects_;  // borrow rules and files
  const proto::http::Router routes_;
  const topics::Groups groups_;
  const std::vector<std::string> namespaces_;
};

}  // namespace broker
