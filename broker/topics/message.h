// SPDX-License-Identifier: Apache-2.0
// A published message: one allocation, immutable from the moment that its home has sequenced it. It is one of the three
// things that cross shards (broker/README.md, "Who may touch what").
//
// Thread: made on the publisher's shard, written by that shard and then by its home, read by any shard that holds a
//   MessageRef. Counted once a shard (and once by the home's log), never once a subscriber.
// Owns: its bytes. The last holder gives it back to the shard that made it (ReturnStack), which frees it.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>
#include <utility>

#include "broker/topics/name.h"

namespace broker::topics {

class Stream;
class Topic;
struct Message;

// Where the messages that a shard made come back to. Any shard pushes; only the owner frees.
// Thread: give_back() any; free_all() and the destructor the owner.
class ReturnStack {
 public:
  ReturnStack() = default;
  ReturnStack(const ReturnStack&) = delete;
  ReturnStack& operator=(const ReturnStack&) = delete;
  ~ReturnStack() { free_all(); }

  void give_back(Message& message);
  void free_all();

 private:
  std::atomic<Message*> head_{nullptr};
};

struct Message {
  struct Parts {
    Name topic;
    std::string_view event = {};
    std::string_view content = {};
    std::string_view audience = {};  // as kind: the dialects' (proto/audience.h)
    std::uint8_t kind = 0;           // the dialects' word (proto::Kind); nothing in topics/ looks at it
  };

  // Requires: topic and event of at most limits::topic_bytes_max bytes each.
  [[nodiscard]] static Message* make(const Parts&, std::int64_t accepted_ns, ReturnStack& owner);
  static void free(Message*);

  [[nodiscard]] std::string_view topic() const { return {bytes(), topic_bytes}; }
  [[nodiscard]] Name name() const { return {topic(), topic_hash}; }
  [[nodiscard]] std::string_view event() const { return {bytes() + topic_bytes, event_bytes}; }
  [[nodiscard]] std::string_view content() const { return {bytes() + topic_bytes + event_bytes, content_bytes}; }
  [[nodiscard]] std::string_view audience() const {
    return {bytes() + topic_bytes + event_bytes + content_bytes, audience_bytes};
  }
  // What it costs to keep, in a log or a queue of messages.
  [[nodiscard]] std::size_t memory_bytes() const {
    return sizeof(Message) + topic_bytes + event_bytes + content_bytes + audience_bytes;
  }

  std::atomic<std::uint32_t> refs{1};
  std::uint32_t content_bytes = 0;
  std::uint32_t audience_bytes = 0;
  std::uint16_t event_bytes = 0;
  std::uint8_t topic_bytes = 0;
  std::uint8_t kind = 0;
  const std::uint64_t topic_hash;
  // Written by the home when it sequences, constant from then on.
  std::uint64_t epoch = 0;
  std::uint64_t offset = 0;
  std::uint64_t stream_epoch = 0;
  std::uint64_t stream_offset = 0;  // in its group's stream; 0: it has none
  std::int64_t time_us = 0;         // since 1970
  std::int64_t accepted_ns = 0;     // steady clock, when the publisher's shard took it

  // Only the home's LogStore touches these: its list of all logged messages, oldest first.
  Message* older = nullptr;
  Message* newer = nullptr;
  Topic* logged_in = nullptr;
  Stream* stream = nullptr;  // where it stands, and has to be taken out when it leaves its log

  ReturnStack* const owner;
  Message* next_returned = nullptr;  // of the owner's ReturnStack

 private:
  Message(const Parts&, std::int64_t accepted, ReturnStack& owner);
  ~Message() = default;
  [[nodiscard]] const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }
};

// A counted hold on a message.
class MessageRef {
 public:
  MessageRef() = default;
  // Takes over the count that the message was made (or released) with.
  explicit MessageRef(Message* adopted) : message_(adopted) {}
  MessageRef(MessageRef&& other) noexcept : message_(std::exchange(other.message_, nullptr)) {}
  MessageRef& operator=(MessageRef&& other) noexcept {
    if (this != &other) {
      reset();
      message_ = std::exchange(other.message_, nullptr);
    }
    return *this;
  }
  ~MessageRef() { reset(); }

  [[nodiscard]] MessageRef share() const {
    message_->refs.fetch_add(1, std::memory_order_relaxed);
    return MessageRef(message_);
  }
  void reset() {
    Message* message = std::exchange(message_, nullptr);
    if (message != nullptr && message->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      message->owner->give_back(*message);
    }
  }
  // Gives the count away, for a mail that carries a bare pointer.
  [[nodiscard]] Message* release() { return std::exchange(message_, nullptr); }

  [[nodiscard]] explicit operator bool() const { return message_ != nullptr; }
  [[nodiscard]] Message& operator*() const { return *message_; }
  [[nodiscard]] Message* operator->() const { return message_; }
  [[nodiscard]] Message* get() const { return message_; }

 private:
  Message* message_ = nullptr;
};

}  // namespace broker::topics
