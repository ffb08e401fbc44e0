// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/undeliverable.h"

#include "proto/reason.h"

namespace broker::shard {

void Undeliverable::note(const proto::WireFormat& format, const proto::Message& message, std::size_t subscribers) {
  metrics_.deliveries_dropped[proto::Reason::undeliverable].add(subscribers);
  const std::string_view why = format.refusal == nullptr ? std::string_view() : format.refusal(format, message);
  if (const auto skipped = kind(format, why).lines.admit(now_.steady)) {
    log_.warning("a message is not delivered to subscribers whose dialect cannot say it", {{"dialect", format.name},
                                                                                           {"why", why},
                                                                                           {"topic", message.topic},
                                                                                           {"event", message.event},
                                                                                           {"subscribers", subscribers},
                                                                                           {"skipped", *skipped}});
  }
}

Undeliverable::Kind& Undeliverable::kind(const proto::WireFormat& format, std::string_view why) {
  for (Kind& each : kinds_) {
    if (each.format == &format && each.why == why) return each;
  }
  return kinds_.emplace_back(Kind{.format = &format, .why = why});
}

}  // namespace broker::shard
