// SPDX-License-Identifier: Apache-2.0
// The groups that Socket.IO's namespaces make of topics: one order over all that the sockets of a namespace may
// receive. Thread: any.
#pragma once

#include "broker/topics/groups.h"
#include "proto/socketio/rules.h"

namespace broker::shard {

// To "/" belong the topics that its rules name, and its events, rooms and sockets ("$events", "$room/…", "$sid/…"); to
// "/nsp" what its rules name, and all that stands below "nsp/", where no longer name of a namespace claims it.
[[nodiscard]] topics::Groups groups_of(const proto::socketio::Rules& rules);

}  // namespace broker::shard
