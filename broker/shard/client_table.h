// SPDX-License-Identifier: Apache-2.0
// The clients of a shard, found by slot and generation: an answer that comes back to a slot's later tenant is known as
// such and dropped.
// Thread: the shard. Owns: the clients.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "broker/net/shared_bytes.h"
#include "broker/shard/mail.h"

namespace broker::shard {

// What the router knows of a client.
class Recipient {
 public:
  virtual ~Recipient() = default;
  // A run of one topic's live messages; once a turn and topic.
  virtual void deliver(const net::SharedBytesRef& run) noexcept = 0;
  // What is to be delivered of a message to a subscription whose format is proto::by_session; or nothing.
  virtual std::string write_delivery(const proto::Message&) noexcept { return {}; }
  virtual void on_published(proto::Tag, const proto::Published&, std::uint32_t content_bytes) noexcept = 0;
  // `content_bytes`: none for a publish whose success would not have been told.
  virtual void on_publish_refused(proto::Tag, proto::Reason, std::optional<std::uint32_t> /*content_bytes*/) noexcept {}
  // What somebody asks of a session. False: it is not here, and who asked is to be told so.
  virtual bool on_session_question(const Asker&, proto::socketio::SessionQuestion&) noexcept { return false; }
  // The answer to Sessions::ask().
  // False: its session is gone, and nothing of the answer was taken.
  virtual bool on_session_answer(proto::socketio::SessionAnswer&&) noexcept { return false; }
  // The answer to Router::read() or read_for().
  virtual void on_page(proto::Tag, ReadPage&) noexcept = 0;
};

class ClientTable {
 public:
  [[nodiscard]] ClientId reserve() {
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(slots_.size()));
      slots_.emplace_back();
    }
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    return {slot, slots_[slot].generation};
  }
  void put(ClientId id, std::unique_ptr<Recipient> client) { slots_[id.slot].client = std::move(client); }
  [[nodiscard]] Recipient* find(ClientId id) const {
    return id.slot < slots_.size() && slots_[id.slot].generation == id.generation ? slots_[id.slot].client.get()
                                                                                  : nullptr;
  }
  void destroy(ClientId id) {
    Slot& slot = slots_[id.slot];
    slot.client.reset();
    ++slot.generation;
    free_.push_back(id.slot);
  }

  [[nodiscard]] std::size_t size() const { return slots_.size() - free_.size(); }
  // Calls with_client(Recipient&) for every client of the slots [from, to).
  template <class F>
  void for_each(std::size_t from, std::size_t to, F&& with_client) {
    for (std::size_t slot = from; slot < to && slot < slots_.size(); ++slot) {
      if (slots_[slot].client != nullptr) with_client(*slots_[slot].client);
    }
  }
  [[nodiscard]] std::size_t slots() const { return slots_.size(); }

 private:
  struct Slot {
    std::unique_ptr<Recipient> client;
    std::uint32_t generation = 1;
  };
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
};

}  // namespace broker::shard
