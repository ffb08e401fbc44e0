// SPDX-License-Identifier: Apache-2.0
// Who subscribes, as topics see it: its subscriptions, where each stands in its topic's log, and what it loses when it
// reads too slowly. Client (client.h) adds a connection and its protocols; PollingSession (polling_session.h) is one
// whose connections come and go.
//
// Thread: the shard. Owns: the subscriptions (through the router). Borrows: the queue, which is whoever derives from
// it. Limits: deliveries queued are bounded by limits.queue_bytes, with the policy queue.overflow; a replay stands
// outside
//   of it and is paced by the reader: one page (limits::page_bytes_max) at a time for each connection.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "broker/shard/services.h"
#include "proto/session.h"

namespace broker::shard {

// What a peer is told where a limit of the broker, and no mistake of its own, refuses it.
[[nodiscard]] std::string_view refusal_text(proto::Reason);
[[nodiscard]] proto::Error not_readable();

class Subscriber : public Recipient {
 public:
  // The end of a turn: what waited for room goes on, and what is pending is sent.
  virtual void settle() = 0;
  // The mailbox that stopped it has room.
  void unblock();
  // Its rate may allow more by now.
  void unthrottle();
  // The rules have changed: what it may not subscribe to any longer is taken from it. Returns how many topics.
  std::size_t revoke_subscriptions();
  // Drain: an orderly close; what is under way is still answered.
  virtual void go_away() = 0;
  // The end of patience: ends it now.
  virtual void cut() = 0;
  // For its memory: what waits for it is dropped, and it is closed.
  virtual void shed() = 0;
  [[nodiscard]] std::size_t waiting_bytes() const { return queue().bytes(); }
  // Nothing refers to it any more but the table.
  [[nodiscard]] virtual bool may_be_destroyed() const { return !dirty_ && !blocked_ && !throttled_; }

  [[nodiscard]] ClientId id() const { return id_; }
  virtual proto::Session* session() = 0;  // null when there is none any more
  virtual proto::Host& host() = 0;

  void deliver(const net::SharedBytesRef& run) noexcept final;
  std::string write_delivery(const proto::Message&) noexcept final;
  void on_page(proto::Tag serial, ReadPage& page) noexcept final;
  void on_published(proto::Tag, const proto::Published&, std::uint32_t content_bytes) noexcept final;
  void on_publish_refused(proto::Tag, proto::Reason, std::optional<std::uint32_t> content_bytes) noexcept final;

 protected:
  explicit Subscriber(ClientId id) : id_(id) {}
  ~Subscriber() override = default;

  [[nodiscard]] virtual Services& services() const = 0;
  // What waits to be sent.
  [[nodiscard]] virtual net::SendQueue& queue() = 0;
  [[nodiscard]] const net::SendQueue& queue() const { return const_cast<Subscriber*>(this)->queue(); }

  // Of proto::Host.
  [[nodiscard]] std::optional<proto::Error> add_subscription(proto::Tag, std::string_view topic, const proto::Start&,
                                                             std::uint32_t dialect);
  [[nodiscard]] std::optional<proto::Error> remove_subscription(std::string_view topic);
  void hold_subscription(std::string_view topic);
  void release_subscription(std::string_view topic);
  void ask_log(proto::Tag, std::string_view topic, const proto::Start&, std::uint32_t limit);
  // Sends it to its topic's home, unless it is too large or memory is short. Every publication that is refused is
  // counted, by refuse_publish(). `answered`: the session is to hear that it went well.
  [[nodiscard]] std::optional<proto::Error> send_to_home(proto::Tag, const proto::Publication&, std::uint32_t dialect,
                                                         bool answered);
  [[nodiscard]] virtual proto::Error refuse_publish(proto::Reason, std::string message);
  // What it has published leaves room for more.
  [[nodiscard]] bool may_publish() const;
  [[nodiscard]] proto::Clock read_clock() const;
  [[nodiscard]] static std::string new_secret();

  void add_member(std::string_view stream, std::string_view member);
  void remove_member(std::string_view stream, std::string_view member);
  [[nodiscard]] bool has_member(std::string_view stream, std::string_view member) const;

  void remove_all_subscriptions();
  // Before a send is made: what it takes can no longer change, nor what is being sent. Asks for the next page of a
  // replay when the one before has left.
  void prepare_send(bool send_in_flight);
  // An entry of the queue has left, or (`reason`) is dropped.
  void account_left(const net::SharedBytes& bytes, std::uint8_t dialect);
  void account_dropped(const net::SharedBytes& bytes, proto::Reason reason);
  void show_queue();
  // Where each subscription stands, live or not: its topic, or stream, up to which offset of it all has been handed
  // out.
  struct Standing {
    std::string topic;
    std::uint64_t epoch;
    std::uint64_t offset;
  };
  [[nodiscard]] std::vector<Standing> standings() const;
  [[nodiscard]] bool subscribes() const { return subscriptions_ != nullptr; }
  // There is more of a topic's log to hand out; the next page is asked for when a send is prepared.
  [[nodiscard]] bool replays() const { return replaying_ > 0; }

  // The rate of its commands as a bucket that holds one second's worth, kept as the time at which it will be full
  // again.
  void pay(std::int64_t ns);
  [[nodiscard]] bool over_rate() const;

  // Puts it on the list of those that the shard sees to at the turn's end.
  void mark_dirty() noexcept;
  // The queue is full and the policy is `disconnect`.
  virtual void on_overflow() noexcept = 0;
  // What it publishes and asks is not taken in for a while.
  virtual void pause_reading() = 0;
  // Where the mailbox to that home is full.
  void stop_if_full(ShardIndex home);
  // It has sent more than its rate allows: not read until unthrottle().
  void hold_back();

  const ClientId id_;
  std::uint32_t outstanding_ = 0;       // questions to homes whose answers will have to be sent
  std::uint32_t publishing_bytes_ = 0;  // of content that is on its way to a home and not acknowledged
  std::uint32_t next_serial_ = 1;       // of questions to homes; those that are not answered yet are few
  bool blocked_ = false;                // on services().blocked
  bool prompt_ = false;                 // the first run in the queue found it empty
  bool deaf_ : 1 = false;               // takes no deliveries any more
  bool dirty_ : 1 = false;              // on services().dirty
  bool throttled_ : 1 = false;          // held by services().throttle
  std::uint8_t deflate_bits_ = 0;  // the window that its deliveries are compressed with; 0: permessage-deflate is off

 private:
  // A gap that stands in the queue, where the first message that it tells of stood, and can still grow.
  struct Loss {
    const void* stream;
    std::uint64_t from;
    net::SharedBytesRef entry;
  };
  struct LogQuestion {
    std::uint64_t serial;
    proto::Tag tag;
  };
  // What few ever need, and nobody who is idle.
  struct Rare {
    std::vector<LogQuestion> log_questions;  // not answered yet
    std::vector<Loss> losses;                // not begun to be sent
    std::int64_t paid_until_ns = 0;          // steady clock; only where a rate is set
  };
  Rare& rare();
  [[nodiscard]] topics::Subscription* find(std::string_view topic) const;
  [[nodiscard]] topics::Subscription* find(std::uint64_t serial) const;
  void unlink(topics::Subscription&);
  std::optional<LogQuestion> take_log_question(std::uint64_t serial);
  void refuse_subscription(topics::Subscription&, const proto::Error&);
  [[nodiscard]] bool is_forbidden(const topics::Subscription&) const;
  void on_log_page(const LogQuestion&, ReadPage&);
  void answer_subscription(topics::Subscription&, const ReadPage&);
  void replay(topics::Subscription&, const ReadPage&);
  bool append_replayed(const proto::WireFormat&, const topics::Message&, std::string& out);
  void announce(std::string_view topic, const proto::Gap&);
  void drop_oldest(std::size_t arriving_bytes);
  std::optional<net::SharedBytesRef> replace_lost(const net::SharedBytes& lost);
  [[nodiscard]] bool page_on_its_way() const;
  void ask_next_page();

  topics::Subscription* subscriptions_ = nullptr;
  std::uint16_t subscription_count_ = 0;
  std::uint16_t replaying_ = 0;  // subscriptions with more to replay
  std::uint32_t shown_queue_bytes_ = 0;
  std::unique_ptr<Rare> rare_;
};

}  // namespace broker::shard
