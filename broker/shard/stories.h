// SPDX-License-Identifier: Apache-2.0
// What logging.level debug tells of each connection: a line when it has come, and under the same number one when it has
// ended. Above that level each costs a comparison: told().
// Thread: the shard. Borrows: the log and the clock.
// Limits: limits::stories_per_second lines; a line says how many were left out before it.
#pragma once

#include "broker/base/log.h"
#include "broker/shard/home.h"
#include "broker/shard/mail.h"
#include "config/limits.h"
#include "proto/reason.h"

namespace broker::shard {

class Stories {
 public:
  struct End {
    proto::Reason reason;
    std::string_view dialect;  // the last that was spoken
    std::uint32_t receives;
    std::uint32_t sends;
  };

  Stories(base::LogSink& log, const Now& now) : log_(log), now_(now) {}

  [[nodiscard]] bool told() const { return log_.enabled(base::LogLevel::debug); }
  // The peer's address is known of descriptors alone.
  void opened(ClientId, int socket, base::Listener);
  void ended(ClientId, const End&);

 private:
  base::LogSink& log_;
  const Now& now_;
  base::LogRateLimit lines_{config::limits::stories_per_second, std::chrono::seconds(1)};
};

}  // namespace broker::shard
