// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/addressed.h"

#include <algorithm>
#include <functional>

#include "proto/audience.h"

namespace broker::shard {

using topics::FormatGroup;
using topics::Subscription;

namespace {

void take_all_but(const std::vector<Subscription*>& excepted, FormatGroup& group) {
  std::vector<std::uint32_t> positions;
  for (const Subscription* each : excepted) {
    if (group.has(*each)) positions.push_back(each->position);
  }
  std::ranges::sort(positions, std::greater());
  group.addressed = group.subscribers;
  for (const std::uint32_t position : positions) {  // what is behind it is for the message
    group.addressed[position] = group.addressed.back();
    group.addressed.pop_back();
  }
}

}  // namespace

void find_addressed(topics::LocalTopic& topic) {
  topics::Addressing& its = *topic.addressing;
  if (its.is_addressed) return;
  its.is_addressed = true;
  if (its.audience.empty()) return;
  std::vector<Subscription*> marked;
  const proto::Signs signs = topic.is_stream ? proto::stream_signs : proto::topic_signs;
  bool named = false;
  const auto mark = [&](proto::Sign wanted) {
    proto::for_each_member(its.audience, [&](proto::Sign sign, std::string_view member) {
      named |= sign == signs.to;
      if (sign != wanted) return;
      its.members.for_each(member, [&](Subscription& each) {
        if (!each.live || each.marked) return;
        each.marked = true;
        marked.push_back(&each);
      });
    });
  };
  mark(signs.except);
  const auto excepted = static_cast<std::ptrdiff_t>(marked.size());
  if (named) mark(signs.to);
  for (Subscription* each : marked) each->marked = false;
  if (named) marked.erase(marked.begin(), marked.begin() + excepted);
  for (FormatGroup& group : topic.groups) {
    if (!named) {
      take_all_but(marked, group);
      continue;
    }
    group.addressed.clear();
    for (const Subscription* each : marked) {
      if (group.has(*each)) group.addressed.push_back(group.subscribers[each->position]);
    }
  }
}

}  // namespace broker::shard
