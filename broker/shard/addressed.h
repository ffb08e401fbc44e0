// SPDX-License-Identifier: Apache-2.0
// Which subscriptions of this shard a message of a stream is for, by its audience (proto/audience.h).
// Thread: the shard. Borrows: the subscriptions.
#pragma once

#include <string_view>
#include <vector>

#include "broker/topics/subscriber_table.h"

namespace broker::shard {

struct Addressed {
  bool all_but = false;
  std::vector<topics::Subscription*> which = {};  // live ones, each once: these, or all but these

  [[nodiscard]] bool everybody() const { return all_but && which.empty(); }
  [[nodiscard]] bool nobody() const { return !all_but && which.empty(); }
};

[[nodiscard]] Addressed find_addressed(topics::LocalTopic& stream, std::string_view audience);

}  // namespace broker::shard
