// SPDX-License-Identifier: Apache-2.0
// What shards say to each other. Requests go to a topic's home, deliveries come from it; each pair of shards has one
// mailbox for each kind, also a shard with itself, so that nothing above may assume an answer "at once".
// Thread: made by the sender, used up by the receiver. Owns: what it points to.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/shard/session_mail.h"
#include "broker/topics/home_topics.h"
#include "broker/topics/message.h"
#include "proto/session.h"

namespace broker::shard {

// A client of one shard; the generation tells a slot's later tenant from the one that asked. None is 0: that is nobody.
struct ClientId {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
  [[nodiscard]] bool operator==(const ClientId&) const = default;
};

// What a reader asks of a topic's log: a subscription's beginning, the next page of its replay, or a single read.
struct ReadRequest {
  std::string topic;
  topics::ReadFrom from;
  std::uint32_t messages_max = 0;
  bool subscribe = false;  // from here on the shard wants the topic's deliveries, until it leaves
};

// A part of a log, at one moment of its topic.
struct ReadPage {
  std::uint64_t epoch = 0;
  std::uint64_t offset = 0;  // the newest
  topics::ReadPlan plan;
  std::vector<topics::MessageRef> messages;
  std::optional<proto::Reason> refused = {};  // there is no such topic, and there are too many to make it
  bool more = false;  // the log holds more behind the last of them; no more: live deliveries follow without a hole
};

// Who asked: a client of some shard.
struct Asker {
  std::uint32_t shard = 0;
  ClientId client;
  [[nodiscard]] bool operator==(const Asker&) const = default;
};

struct RequestMail {
  enum class Type : std::uint8_t {
    publish,  // message; answered with `published` unless `client` is nobody, or it is quiet and went well
    read,     // read; answered with `page`
    leave,    // read->topic: the shard has no subscriber left
    session,  // session: about those of this shard, and not its topics
  };
  Type type = Type::publish;
  bool quiet = false;  // of a publish
  ClientId client;
  proto::Tag tag = 0;
  topics::MessageRef message;
  std::unique_ptr<ReadRequest> read;
  std::unique_ptr<SessionMail> session = nullptr;
};

struct DeliveryMail {
  enum class Type : std::uint8_t {
    message,    // for this shard's subscribers
    published,  // answer to one client's publish
    page,       // answer to one client's read
    session,    // answer to one client's question about a session
  };
  Type type = Type::message;
  bool quiet = false;                         // of `published`: the client does not wait for it
  std::optional<proto::Reason> refused = {};  // of `published`: why it was not
  ClientId client;
  std::uint32_t content_bytes = 0;  // of `published`
  proto::Tag tag = 0;
  proto::Published published;
  topics::MessageRef message;
  std::unique_ptr<ReadPage> page;
  std::unique_ptr<proto::socketio::SessionAnswer> session = nullptr;

  // What it keeps in memory while it waits.
  [[nodiscard]] std::size_t memory_bytes() const {
    std::size_t bytes = sizeof(DeliveryMail);
    if (message) bytes += message->memory_bytes();
    if (page) {
      for (const topics::MessageRef& each : page->messages) bytes += each->memory_bytes();
    }
    return bytes;
  }
};
static_assert(sizeof(DeliveryMail) <= 64, "a cache line");

}  // namespace broker::shard
