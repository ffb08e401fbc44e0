// SPDX-License-Identifier: Apache-2.0
// Last-Event-ID: what is read of it, written again, reads the same, and fits no other number of topics.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "proto/sse/dialect.h"
#include "proto/sse/event_id.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using proto::sse::read_event_id;
  const std::string_view id(reinterpret_cast<const char*>(data), size);
  std::size_t fitting = 0;
  for (std::size_t topics = 1; topics <= proto::sse::topics_max; ++topics) {
    const auto positions = read_event_id(id, topics);
    if (!positions) continue;
    ++fitting;
    require(positions->size() == topics);
    std::string again;
    append_event_id(again, *positions);
    require(read_event_id(again, topics) == positions);
  }
  require(fitting <= 1);
  return 0;
}
