// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/memory_watch.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "broker/shard/subscriber.h"

namespace broker::shard {
namespace {

using namespace std::chrono_literals;

// A search visits every client; it is not made in each turn while there is nobody to close.
constexpr auto between_searches = 10ms;

}  // namespace

// Hot: once a turn.
void MemoryWatch::look() {
  Memory& memory = services_.memory;
  base::ShardMetrics& metrics = services_.metrics;
  memory.look({.connections = static_cast<std::int64_t>(services_.clients.size()),
               .topics = metrics.topics.value(),
               .log_bytes = metrics.log_bytes.value(),
               .spilled_bytes = static_cast<std::int64_t>(services_.post.spilled_bytes())});
  metrics.memory_bytes.set(memory.used());
  if (memory.closes_slow_readers() && services_.now.steady >= next_search_) close_slow_readers();
}

void MemoryWatch::close_slow_readers() {
  next_search_ = services_.now.steady + between_searches;
  std::vector<std::pair<std::size_t, Subscriber*>> readers;
  services_.clients.for_each(0, services_.clients.slots(), [&](Recipient& each) {
    auto& client = static_cast<Subscriber&>(each);
    const std::size_t waiting = client.waiting_bytes();
    if (waiting >= config::limits::slow_reader_bytes) readers.emplace_back(waiting, &client);
  });
  std::ranges::sort(readers, std::greater{}, &std::pair<std::size_t, Subscriber*>::first);
  for (const auto& [waiting, client] : readers) {
    if (!services_.memory.closes_slow_readers()) return;
    client->shed();
  }
}

}  // namespace broker::shard
