// SPDX-License-Identifier: Apache-2.0
#include "broker/topics/message.h"

#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>

#include "broker/base/check.h"
#include "config/limits.h"

namespace broker::topics {

static_assert(config::limits::topic_bytes_max <= std::numeric_limits<decltype(Message::topic_bytes)>::max());

void ReturnStack::give_back(Message& message) {
  Message* head = head_.load(std::memory_order_relaxed);
  do {
    message.next_returned = head;
  } while (!head_.compare_exchange_weak(head, &message, std::memory_order_release, std::memory_order_relaxed));
}

void ReturnStack::free_all() {
  if (head_.load(std::memory_order_relaxed) == nullptr) return;
  Message* message = head_.exchange(nullptr, std::memory_order_acquire);
  while (message != nullptr) Message::free(std::exchange(message, message->next_returned));
}

Message::Message(const Parts& parts, std::int64_t accepted, ReturnStack& owning)
    : content_bytes(static_cast<std::uint32_t>(parts.content.size())),
      audience_bytes(static_cast<std::uint32_t>(parts.audience.size())),
      event_bytes(static_cast<std::uint16_t>(parts.event.size())),
      topic_bytes(static_cast<std::uint8_t>(parts.topic.text.size())),
      kind(parts.kind),
      topic_hash(parts.topic.hash),
      accepted_ns(accepted),
      owner(&owning) {
  char* out = reinterpret_cast<char*>(this + 1);
  for (std::string_view part : {parts.topic.text, parts.event, parts.content, parts.audience}) {
    if (!part.empty()) std::memcpy(out, part.data(), part.size());
    out += part.size();
  }
}

Message* Message::make(const Parts& parts, std::int64_t accepted_ns, ReturnStack& owner) {
  KODAMA_CHECK(parts.topic.text.size() <= config::limits::topic_bytes_max, "topic bytes ", parts.topic.text.size());
  KODAMA_CHECK(parts.event.size() <= config::limits::topic_bytes_max, "event bytes ", parts.event.size());
  KODAMA_CHECK(parts.content.size() < std::numeric_limits<std::uint32_t>::max());
  KODAMA_CHECK(parts.audience.size() < std::numeric_limits<std::uint32_t>::max());
  void* memory = std::malloc(sizeof(Message) + parts.topic.text.size() + parts.event.size() + parts.content.size() +
                             parts.audience.size());
  KODAMA_CHECK(memory != nullptr, "out of memory for a message of ", parts.content.size(), " bytes");
  return new (memory) Message(parts, accepted_ns, owner);
}

void Message::free(Message* message) {
  message->~Message();
  std::free(message);
}

}  // namespace broker::topics
