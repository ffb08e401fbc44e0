// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/swarm/publisher.h"

#include <algorithm>

#include "tests/e2e/swarm/publisher_http.h"
#include "tests/e2e/swarm/publisher_websocket.h"

namespace swarm {

std::uint64_t Publisher::pump(std::uint64_t most) {
  const std::uint64_t waiting = outstanding();
  if (!ready() || waiting >= window) return 0;
  const std::uint64_t count = std::min({most, window - waiting, left()});
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto topic = static_cast<unsigned>(random_() % task_.topics);
    const Identity identity = ledger_.next(task_.number, topic);
    publish(identity, content_of(identity, ledger_.sizes()));
  }
  published_ += count;
  if (count > 0) flush();
  return count;
}

void Publisher::fail(const std::string& what) {
  around_.findings.fail("publisher " + std::to_string(task_.number) + ": " + what.substr(0, 300));
}

std::unique_ptr<Publisher> make_publisher(const Surroundings& around, Ledger& ledger, const Publisher::Task& task) {
  switch (way_of(task.number)) {
    case Way::ndjson: return std::make_unique<NdjsonPublisher>(around, ledger, task);
    case Way::native: return std::make_unique<NativePublisher>(around, ledger, task);
    case Way::raw: return std::make_unique<RawPublisher>(around, ledger, task);
    case Way::post: return std::make_unique<PostPublisher>(around, ledger, task);
  }
  return nullptr;
}

}  // namespace swarm
