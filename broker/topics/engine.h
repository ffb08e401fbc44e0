// SPDX-License-Identifier: Apache-2.0
// What gives a topic's messages their order and carries them between nodes. A home asks it; the answer is a call of its
// own, which the memory engine makes at once and a shared store will make later, when the message comes back to every
// node's home. Nothing above may assume "at once".
// Thread: the home shard.
#pragma once

#include <cstdint>

#include "broker/topics/topic.h"

namespace broker::topics {

// The asker's own name for the publish; it comes back with the answer. A client of generation 0 is nobody; a quiet one
// is only told when it is refused.
struct PublishTicket {
  std::uint32_t shard = 0;
  std::uint32_t client_slot = 0;
  std::uint32_t client_generation = 0;
  bool quiet = false;
  std::uint64_t tag = 0;
  std::uint32_t content_bytes = 0;
};

class Engine {
 public:
  class Events {
   public:
    // The message has its epoch, offset and time; it is to be logged and delivered, and the publisher answered.
    virtual void on_sequenced(Topic&, MessageRef, const PublishTicket&) = 0;

   protected:
    ~Events() = default;
  };

  virtual ~Engine() = default;
  virtual void publish(Topic&, MessageRef, const PublishTicket&, std::int64_t now_us, Events&) = 0;
};

// One node, everything in memory: the home is the sequencer, and a restart loses the logs.
class MemoryEngine final : public Engine {
 public:
  void publish(Topic& topic, MessageRef message, const PublishTicket& ticket, std::int64_t now_us,
               Events& events) override {
    message->epoch = topic.epoch();
    message->offset = topic.take_next_offset();
    message->time_us = now_us;
    events.on_sequenced(topic, std::move(message), ticket);
  }
};

}  // namespace broker::topics
