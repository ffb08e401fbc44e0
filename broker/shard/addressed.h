// SPDX-License-Identifier: Apache-2.0
// Which subscriptions of this shard the messages of a topic's, or a stream's, runs are for, by their audience (proto/audience.h).
// Thread: the shard. Borrows: the subscriptions.
#pragma once

#include <cstddef>
#include <vector>

#include "broker/topics/subscriber_table.h"

namespace broker::shard {

// Finds whom its audience names, unless that is known. Live ones alone, each once. Requires: `topic.addressing`.
void find_addressed(topics::LocalTopic& topic);

// Whom of a group the run is for.
[[nodiscard]] inline const std::vector<void*>& addressed(const topics::LocalTopic& topic,
                                                         const topics::FormatGroup& group) {
  const bool everybody = topic.addressing == nullptr || topic.addressing->audience.empty();
  return everybody ? group.subscribers : group.addressed;
}

}  // namespace broker::shard
