// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/addressed.h"

#include <utility>

#include "proto/audience.h"

namespace broker::shard {

using topics::Subscription;

Addressed find_addressed(topics::LocalTopic& stream, std::string_view audience) {
  std::vector<Subscription*> marked;
  bool named = false;
  const auto mark = [&](proto::Sign wanted) {
    proto::for_each_member(audience, [&](proto::Sign sign, std::string_view member) {
      named |= sign == proto::Sign::to;
      if (sign != wanted) return;
      stream.stream->members.for_each(member, [&](Subscription& each) {
        if (!each.live || each.marked) return;
        each.marked = true;
        marked.push_back(&each);
      });
    });
  };
  mark(proto::Sign::except);
  const auto excepted = static_cast<std::ptrdiff_t>(marked.size());
  if (named) mark(proto::Sign::to);
  for (Subscription* each : marked) each->marked = false;
  if (named) marked.erase(marked.begin(), marked.begin() + excepted);
  return {.all_but = !named, .which = std::move(marked)};
}

}  // namespace broker::shard
