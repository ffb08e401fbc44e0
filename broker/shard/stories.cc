// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/stories.h"

#include "absl/strings/str_cat.h"
#include "broker/net/listener_socket.h"

namespace broker::shard {
namespace {

// No other connection of the shard ever has it.
std::string number_of(ClientId id) { return absl::StrCat(id.slot, ".", id.generation); }

}  // namespace

void Stories::opened(ClientId id, int socket, base::Listener listener) {
  if (const auto skipped = lines_.admit(now_.steady)) {
    log_.debug("connection opened", {{"connection", number_of(id)},
                                     {"peer", net::peer_address(socket)},
                                     {"listener", listener == base::Listener::https ? "https" : "http"},
                                     {"skipped", *skipped}});
  }
}

void Stories::ended(ClientId id, const End& end) {
  if (const auto skipped = lines_.admit(now_.steady)) {
    log_.debug("connection ended", {{"connection", number_of(id)},
                                    {"reason", proto::facts(end.reason).label},
                                    {"dialect", end.dialect},
                                    {"receives", end.receives},
                                    {"sends", end.sends},
                                    {"skipped", *skipped}});
  }
}

}  // namespace broker::shard
