// SPDX-License-Identifier: Apache-2.0
// What operators ask about the sockets of this shard (base/socket_directory.h), and do to them.
// Thread: the shard, at the beginning of a turn: no session is on the stack.
// Limits: a question looks at limits::socket_slots_per_turn clients or members, and hands out about
//   limits::socket_page_bytes_max.
#pragma once

#include "broker/shard/socket_inbox.h"

namespace broker::shard {

struct Services;

// Fills in question.answer.
void answer(Services&, SocketQuestion&);

}  // namespace broker::shard
