// SPDX-License-Identifier: Apache-2.0
// Messages that a subscriber's dialect cannot say: an event by a name that its clients keep for themselves, a text that
// its framing has no room for. They reach all others, are counted as dropped, and the log tells of them.
// Thread: the shard. Limits: one line a minute for each format and reason.
#pragma once

#include <cstddef>
#include <vector>

#include "broker/base/log.h"
#include "broker/base/metrics.h"
#include "broker/shard/home.h"
#include "proto/session.h"

namespace broker::shard {

class Undeliverable {
 public:
  Undeliverable(base::ShardMetrics& metrics, base::LogSink& log, const Now& now)
      : metrics_(metrics), log_(log), now_(now) {}

  // So many subscribers do not get it.
  void note(const proto::WireFormat&, const proto::Message&, std::size_t subscribers);

 private:
  struct Kind {
    const proto::WireFormat* format;
    std::string_view why;  // a constant
    base::LogRateLimit lines{1, std::chrono::minutes(1)};
  };
  Kind& kind(const proto::WireFormat& format, std::string_view why);

  base::ShardMetrics& metrics_;
  base::LogSink& log_;
  const Now& now_;
  std::vector<Kind> kinds_;
};

}  // namespace broker::shard
