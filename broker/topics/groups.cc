// SPDX-License-Identifier: Apache-2.0
#include "broker/topics/groups.h"

#include <algorithm>

namespace broker::topics {

Groups::Groups(std::vector<Members> streams) : streams_(std::move(streams)) {
  for (const Members& each : streams_) {
    by_topic_.emplace(Name(each.stream), &each.stream);
    for (const std::string& topic : each.topics) by_topic_.emplace(Name(topic), &each.stream);
    for (const std::string& prefix : each.prefixes) first_bytes_.set(static_cast<std::uint8_t>(prefix.front()));
  }
  for (const auto& [topic, stream] : by_topic_) {
    if (!topic.text.empty()) first_bytes_.set(static_cast<std::uint8_t>(topic.text.front()));
  }
}

const std::string* Groups::find(const Name& topic) const {
  if (const auto found = by_topic_.find(topic); found != by_topic_.end()) return found->second;
  for (const Members& each : streams_) {
    if (std::ranges::any_of(each.prefixes, [&](const std::string& prefix) { return topic.text.starts_with(prefix); })) {
      return &each.stream;
    }
  }
  return nullptr;
}

}  // namespace broker::topics
