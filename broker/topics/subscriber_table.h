// SPDX-License-Identifier: Apache-2.0
// Who on this shard subscribes to what. A topic's live subscriptions are grouped by wire format and compression; what
// is published is encoded once a group, appended to the group's run, and the run is handed to every subscription at
// once.
//
// Thread: the shard. Owns: the subscriptions and the runs. Borrows: subscribers (opaque here).
// A subscription begins `waiting` (its home has not answered, or a replay is on its way) and receives nothing; once
// live it receives every run until it is removed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "broker/topics/memberships.h"
#include "broker/topics/message.h"
#include "broker/topics/name.h"

namespace broker::topics {

class LocalTopic;

// What a subscription needs until it is live.
struct Beginning {
  void* subscriber = nullptr;
  std::uint64_t serial = 0;    // names the subscription in questions to its home
  std::uint64_t tag = 0;       // the subscriber's own name for having asked
  std::uint64_t epoch = 0;     // of the log that is replayed
  std::uint64_t replayed = 0;  // the last offset that has been handed out
  bool resumes = false;        // it gave an offset, and is told whether nothing was lost
};

struct Subscription {
  const void* format = nullptr;  // an address that stands for how deliveries are encoded
  LocalTopic* topic = nullptr;
  Subscription* next = nullptr;                                          // of the same subscriber
  std::unique_ptr<Beginning> beginning = std::make_unique<Beginning>();  // null once it is live
  std::uint32_t position = 0;                                            // in its group's live subscriptions
  std::uint8_t format_label = 0;                                         // what the metrics call the format's dialect
  std::uint8_t deflate_bits = 0;  // window of the compression that goes over the format; 0: none
  bool live : 1 = false;
  bool answered : 1 = false;    // the subscriber has been told that it subscribes
  bool page_asked : 1 = false;  // a page of the replay is on its way from home
  bool more_to_replay : 1 = false;
  bool held : 1 = false;     // no page is asked for yet: the subscriber has something else to hand out first
  bool by_rule : 1 = false;  // access does not decide about it
  bool leaving : 1 = false;  // it was given up before it was answered
  bool marked : 1 = false;   // among those that a message is for, or is not for, while they are looked for
};
static_assert(sizeof(Subscription) <= 40, "an idle connection pays for each");

// Encoded messages that wait for the end of the turn.
struct Run {
  std::string bytes;
  std::uint64_t first_offset = 0;
  std::uint32_t messages = 0;
  std::int64_t accepted_ns = 0;
};

struct FormatGroup {
  const void* format = nullptr;
  std::uint8_t deflate_bits = 0;  // as in the subscriptions
  std::vector<Subscription*> live;
  std::vector<void*> subscribers;  // of the live ones, at the same positions: handing out reads no subscription
  std::vector<void*> addressed;    // those among them that the run is for, unless it is for everybody
  Run run;

  [[nodiscard]] bool has(const Subscription& subscription) const {
    return format == subscription.format && deflate_bits == subscription.deflate_bits;
  }
};

// Whom the messages of a topic or stream are for, where they are not for everybody. Those in its runs are for one
// audience.
struct Addressing {
  explicit Addressing(std::string_view listed = {}) : members(listed) {}
  Memberships members;
  std::string audience;       // empty: everybody
  bool is_addressed = false;  // the groups know whom it names; false: since then somebody came, went, joined or parted
};

class LocalTopic {
 public:
  explicit LocalTopic(std::string_view name) : name_(name) {}
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::size_t subscriptions() const { return subscriptions_; }

  absl::InlinedVector<FormatGroup, 1> groups;
  std::uint64_t epoch = 0;              // since somebody is live
  std::uint64_t position = 0;           // the newest of its offsets that has come here
  std::unique_ptr<Addressing> addressing;  // of a stream always; of a topic once somebody was named
  bool is_stream = false;
  bool run_pending = false;  // it is on the router's list of topics with a run to hand out

 private:
  friend class SubscriberTable;
  std::string name_;
  std::size_t subscriptions_ = 0;
};

class SubscriberTable {
 public:
  SubscriberTable() = default;
  SubscriberTable(const SubscriberTable&) = delete;
  SubscriberTable& operator=(const SubscriberTable&) = delete;

  // A new waiting subscription.
  [[nodiscard]] Subscription& add(const Name& topic, void* subscriber, const void* format,
                                  std::uint8_t deflate_bits = 0);
  // Requires: the topic has no run pending, since a subscription receives from the next run on.
  static void make_live(Subscription&);
  // Destroys the subscription. Returns true when its topic has no subscription left and is gone with it.
  // Requires: not while the topic's runs are being handed out, and no run pending if it is the last one.
  bool remove(Subscription&);
  // Whose it is, as add() was told.
  [[nodiscard]] static void* subscriber_of(const Subscription&);

  [[nodiscard]] LocalTopic* find(const Name& topic);

 private:
  absl::flat_hash_map<Name, std::unique_ptr<LocalTopic>, NameHash, std::equal_to<>> topics_;  // keyed by name()
};

}  // namespace broker::topics
