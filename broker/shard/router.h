// SPDX-License-Identifier: Apache-2.0
// A shard in its part as its clients' place: carries their questions to the topics' homes and the answers back, and
// fans out what the homes deliver: encoded once a wire format, and compressed once a size of window, handed to every
// subscription as one run at the turn's end. Thread: the shard. Owns: the subscriptions, the compressor. Borrows: the
// post and the clients (by id, so that a late answer to a client that is gone is dropped).
#pragma once

#include <vector>

#include "broker/net/shared_bytes.h"
#include "broker/shard/client_table.h"
#include "broker/shard/home.h"
#include "broker/shard/post.h"
#include "broker/shard/undeliverable.h"
#include "broker/topics/subscriber_table.h"
#include "proto/session.h"
#include "proto/websocket/deflater.h"

namespace broker::shard {

class Router {
 public:
  // `run_bytes`: where the runs that are still held are counted; outlives the queues that hold them.
  Router(ClientTable&, Post&, ShardIndex shards, const topics::Groups&, const Now&,
         const proto::websocket::DeflaterOptions&, base::ShardMetrics&, base::LogSink&,
         std::int64_t* run_bytes = nullptr);

  // Questions to homes. Each returns the home that was asked, so that the asker can stop reading while the mail for it
  // does not fit (Post::requests_full).
  // A publish is answered unless the client is nobody, or wants to know of refusals only. To the topic of a room or a
  // socket it is for that one alone, unless it says itself whom it is for.
  enum class Answer : std::uint8_t { always, when_refused };
  ShardIndex publish(ClientId, proto::Tag, const proto::Publication&, Answer = Answer::always);
  ShardIndex read(ClientId, proto::Tag, std::string_view topic, const topics::ReadFrom&, std::uint32_t messages_max);
  // Adds a waiting subscription; ask for its beginning with read_for(). `deflate_bits`: the window that live deliveries
  // are compressed with, 0: none.
  [[nodiscard]] topics::Subscription& subscribe(Recipient&, std::string_view topic, const proto::WireFormat&,
                                                std::uint8_t deflate_bits);
  ShardIndex read_for(const topics::Subscription&, ClientId, const topics::ReadFrom&, std::uint32_t messages_max);
  // From here on the subscription receives what its topic's home delivers. Of a stream: what is behind
  // `beginning->replayed`.
  void make_live(topics::Subscription&);
  void unsubscribe(topics::Subscription&);

  // Members of a topic or stream (proto/audience.h): a message with an audience reaches those alone whom it names. They
  // part when they unsubscribe.
  void join(topics::Subscription&, std::string_view member);
  void part(topics::Subscription&, std::string_view member);
  [[nodiscard]] bool is_member(const topics::Subscription&, std::string_view member) const;
  // Whether a message out of the log is for it.
  [[nodiscard]] bool is_for(const topics::Subscription&, const topics::Message&) const;
  // Up to where a subscription has been served: an offset of its topic, or stream. What waits for the turn's end is
  // handed out.
  struct Position {
    std::uint64_t epoch = 0;
    std::uint64_t offset = 0;
  };
  [[nodiscard]] Position position(const topics::Subscription&);
  // Null: nobody on this shard subscribes to it.
  [[nodiscard]] const topics::LocalTopic* find(std::string_view topic) {
    return subscribers_.find(topics::Name(topic));
  }

  void on_mail(DeliveryMail&& mail);
  // Hands out the runs of this turn.
  void fan_out();
  [[nodiscard]] static proto::Message view(const topics::Message&);
  // Appends a message in a wire format. Returns whether the format could carry it; if not, the loss of so many
  // subscribers has been noted.
  bool encode(const topics::Message&, const proto::WireFormat&, std::size_t subscribers, std::string& out);

  [[nodiscard]] topics::ReturnStack& messages() { return messages_; }

 private:
  [[nodiscard]] ShardIndex home_of(const topics::Name& topic) const;
  [[nodiscard]] ShardIndex home_of_group(std::string_view group) const;
  void take(const topics::Message&);
  void take_of_stream(const topics::Message&);
  [[nodiscard]] net::SharedBytesRef make_run(topics::LocalTopic&, topics::Run&&) const;
  // The messages that follow are for these.
  void address(topics::LocalTopic&, std::string_view audience);
  // To the runs of all whom it is for. `offset`: in the topic, or in the stream.
  void append(topics::LocalTopic&, const topics::Message&, std::uint64_t offset);
  void compress(std::string& frames, std::size_t begin, std::uint8_t deflate_bits);
  // To those who write their own.
  void hand_out_each(topics::LocalTopic&, topics::FormatGroup&, const topics::Message&, std::uint64_t offset);
  void hand_out(topics::LocalTopic&);
  void hand_out(topics::LocalTopic&, topics::FormatGroup&);

  topics::ReturnStack& messages_;  // of this shard
  ClientTable& clients_;
  Post& post_;
  const ShardIndex shards_;
  const topics::Groups& groups_;
  const Now& now_;
  base::ShardMetrics& metrics_;
  Undeliverable undeliverable_;
  std::int64_t* const run_bytes_;
  topics::SubscriberTable subscribers_;
  proto::websocket::Deflater deflater_;
  std::vector<topics::LocalTopic*> pending_;  // topics with a run to hand out
};

}  // namespace broker::shard
