// SPDX-License-Identifier: Apache-2.0
// What the admin port answers below /socketio/: Socket.IO's sockets listed, counted, put into rooms, taken out of them
// and disconnected. Pure, as Pages is, but for the shards that it asks by way of the directory.
// Thread: any. Borrows: the directory; null: there are no sockets.
// Errors: an answer with its status; 503 where a shard did not answer in time.
// Limits: limits::sockets_per_page_max entries a page.
#pragma once

#include <string>
#include <string_view>

#include "broker/admin/request.h"
#include "broker/base/socket_directory.h"

namespace broker::admin {

class SocketPages {
 public:
  static constexpr std::string_view prefix = "/socketio/";
  static constexpr std::string_view namespaces_path = "/socketio/namespaces";
  static constexpr std::string_view sockets_path = "/socketio/sockets";

  explicit SocketPages(base::SocketDirectory* directory) : directory_(directory) {}

  // Requires: the path begins with `prefix`, and whoever asks may.
  [[nodiscard]] Answer answer(const Request&) const;

 private:
  Answer namespaces(const Request&) const;
  Answer rooms(std::string_view nsp, std::string_view after, std::size_t limit) const;
  Answer list(const Request&) const;
  Answer show(const Request&, std::string_view sid) const;
  Answer change(const Request&, base::SocketChange::Kind kind, std::string_view sid) const;
  [[nodiscard]] bool has(std::string_view nsp) const;

  base::SocketDirectory* const directory_;
};

}  // namespace broker::admin
