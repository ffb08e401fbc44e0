// SPDX-License-Identifier: Apache-2.0
// floor ping: every connection is sent a WebSocket Ping once in the interval, and what it answers is read.
#include <algorithm>

#include "bench/floor/fanout.h"
#include "bench/floor/holding.h"

namespace bench::floor {
namespace {

constexpr std::chrono::milliseconds tick(16);
constexpr std::string_view ping_frame("\x89\x00", 2);  // RFC 6455 §5.5.2, without a payload

class Ping final : public Holding {
 public:
  explicit Ping(const Options& options)
      : Holding(options, {.tick = tick}),
        ticks_(std::max<std::size_t>(1, static_cast<std::size_t>(options.ping_interval / tick))),
        members_(capacity()) {}

 private:
  void on_upgraded(int slot) override { members_.add(slot); }
  void on_left(int slot) override {
    Holding::on_left(slot);
    members_.remove(slot);
  }

  // Each tick its share, so that an interval's ticks go round once.
  void on_tick() override {
    due_ += members_.slots().size();
    for (; due_ >= ticks_ && !members_.slots().empty(); due_ -= ticks_) {
      if (++next_ >= members_.slots().size()) next_ = 0;
      send(members_.slots()[next_], ping_frame);
    }
  }

  const std::size_t ticks_;
  Audience members_;
  std::size_t next_ = 0;
  std::size_t due_ = 0;  // in parts of a ping, of which there are ticks_
};

}  // namespace

int ping(const Options& options) { return Ping(options).run(); }

}  // namespace bench::floor
