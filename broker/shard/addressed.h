// SPDX-License-Identifier: Apache-2.0
// Which subscriptions of this shard the messages of a stream's runs are for, by their audience (proto/audience.h).
// Thread: the shard. Borrows: the subscriptions.
#pragma once

#include <cstddef>
#include <vector>

#include "broker/topics/subscriber_table.h"

namespace broker::shard {

// Finds whom the stream's audience names, unless that is known. Live ones alone, each once.
void find_addressed(topics::LocalTopic& stream);

// Whom of a group the run is for.
[[nodiscard]] inline const std::vector<void*>& addressed(const topics::LocalTopic& topic,
                                                         const topics::FormatGroup& group) {
  const bool everybody = topic.stream == nullptr || topic.stream->audience.empty();
  return everybody ? group.subscribers : group.addressed;
}

}  // namespace broker::shard
