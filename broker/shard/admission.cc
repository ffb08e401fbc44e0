// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/admission.h"

#include <algorithm>

#include "broker/net/listener_socket.h"
#include "config/limits.h"

namespace broker::shard {

using proto::Reason;

std::optional<Admitted> Admission::admit(int fd) {
  Admitted admitted;
  admitted.refused = judge(fd, admitted);
  if (!admitted.refused) return admitted;
  if (refusing_ == config::limits::refusals_at_once) {
    metrics_.connections_rejected[*admitted.refused].add();
    metrics_.connections_closed[*admitted.refused].add();
    return std::nullopt;
  }
  ++refusing_;
  return admitted;
}

std::optional<Reason> Admission::judge(int fd, Admitted& admitted) {
  std::uint32_t most = options_.connections_max;
  if (limits_.shard_connections > 0) most = std::min(most, limits_.shard_connections);
  if (clients_.size() - refusing_ >= most) return Reason::too_many_connections;
  if (memory_.refuses_newcomers()) return Reason::shed_connection;
  if (limits_.address_connections > 0 && options_.addresses != nullptr) {
    const auto place = options_.addresses->enter(net::peer_network(fd), limits_.address_connections);
    if (!place) return Reason::too_many_from_address;
    admitted.address = *place;
    admitted.address_counted = true;
  }
  return std::nullopt;
}

void Admission::leave(const Admitted& admitted) {
  if (admitted.refused) --refusing_;
  if (admitted.address_counted) options_.addresses->leave(admitted.address);
}

}  // namespace broker::shard
