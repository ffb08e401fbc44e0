// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/admission.h"

#include "broker/io/socket_number.h"
#include "broker/net/listener_socket.h"
#include "config/limits.h"

namespace broker::shard {

using proto::Reason;

std::optional<Admitted> Admission::admit(int socket) {
  Admitted admitted;
  admitted.refused = judge(socket, admitted);
  if (!admitted.refused) return admitted;
  if (refusing_ == config::limits::refusals_at_once) {
    metrics_.connections_rejected[*admitted.refused].add();
    metrics_.connections_closed[*admitted.refused].add();
    return std::nullopt;
  }
  ++refusing_;
  return admitted;
}

std::optional<Reason> Admission::judge(int socket, Admitted& admitted) {
  const std::size_t held = clients_.size() - refusing_;
  const bool slot = io::is_slot(socket);
  if (limits_.shard_connections > 0 && held >= limits_.shard_connections) return Reason::too_many_connections;
  if (slot && held + config::limits::refusals_at_once >= slots_) return Reason::too_many_connections;
  if (memory_.refuses_newcomers()) return Reason::shed_connection;
  if (slot) return std::nullopt;
  std::optional<AddressCounts::Place> place;
  if (counts_addresses()) {
    place = options_.addresses->enter(net::peer_network(socket), limits_.address_connections);
    if (!place) return Reason::too_many_from_address;
  }
  if (options_.connections != nullptr && !options_.connections->enter()) {
    if (place) options_.addresses->leave(*place);
    return Reason::too_many_connections;
  }
  admitted.counted = options_.connections != nullptr;
  admitted.address_counted = place.has_value();
  admitted.address = place.value_or(AddressCounts::Place{});
  return std::nullopt;
}

void Admission::leave(const Admitted& admitted) {
  if (admitted.refused) --refusing_;
  if (admitted.counted) options_.connections->leave();
  if (admitted.address_counted) options_.addresses->leave(admitted.address);
}

}  // namespace broker::shard
