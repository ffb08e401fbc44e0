// SPDX-License-Identifier: Apache-2.0
// Sockets of a namespace on several shards, as far as the router sees them: recipients in the place of clients.
// Thread: one.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "proto/audience.h"
#include "shards.h"

namespace broker::shard {
inline int encoded = 0;  // how often a message was encoded

inline void append_stream_offset(const proto::WireFormat& self, const proto::Message& message, std::string& out) {
  ++encoded;
  if (message.event == "disconnect") return;  // what clients keep for themselves
  out += absl::StrCat(std::string(self.name), message.stream_offset, "=", std::string(message.content), ";");
}
inline std::string_view why_not(const proto::WireFormat&, const proto::Message&) { return "reserved_event"; }
inline constexpr proto::WireFormat websocket{"", &append_stream_offset, &why_not};
inline constexpr proto::WireFormat polling{"p", &append_stream_offset, &why_not};

// "+a-b" as an audience of the rooms a but b; "@x" in place of a name is the socket x.
inline std::string audience(std::string_view text) {
  std::string made;
  while (!text.empty()) {
    const auto sign = static_cast<proto::Sign>(text.front());
    text.remove_prefix(1);
    const std::string_view name = text.substr(0, text.find_first_of("+-"));
    text.remove_prefix(name.size());
    const bool socket = name.starts_with('@');
    proto::append_member(made, sign,
                         absl::StrCat(socket ? "$sid/" : "$room/", std::string(name.substr(socket ? 1 : 0))));
  }
  return made;
}

// A client of "/", as far as the router sees it.
class Socket final : public Recipient {
 public:
  Socket(OneShard& where, std::string sid) : shard(where), sid_(std::move(sid)) {}

  void deliver(const net::SharedBytesRef& run) noexcept override {
    runs.push_back(run);
    heard += run->bytes;
  }
  void on_published(proto::Tag, const proto::Published& published, std::uint32_t) noexcept override {
    acknowledged.push_back(published.offset);
  }
  void on_publish_refused(proto::Tag, proto::Reason reason, std::optional<std::uint32_t>) noexcept override {
    refused.push_back(reason);
  }
  void on_page(proto::Tag, ReadPage& page) noexcept override {
    ASSERT_FALSE(page.more);
    recovered = page.plan.recovered;
    epoch = page.epoch;
    subscription->beginning->replayed = page.offset;
    if (subscription->topic->is_stream) join_all();
    for (const topics::MessageRef& each : page.messages) {
      if (shard.router.is_for(*subscription, *each)) shard.router.encode(*each, *format, 1, heard);
    }
    shard.router.make_live(*subscription);
  }

  void connect(const topics::ReadFrom& from = {}, const proto::WireFormat& wanted = websocket,
               std::string_view to = "$stream") {
    format = &wanted;
    subscription = &shard.router.subscribe(*this, to, wanted, 0);
    (void)shard.router.read_for(*subscription, id, from, 1000);
  }
  void disconnect() { shard.router.unsubscribe(*std::exchange(subscription, nullptr)); }
  void join(const std::string& room) {
    rooms.push_back(room);
    if (subscription != nullptr) shard.router.join(*subscription, "$room/" + room);
  }
  void part(const std::string& room) {
    std::erase(rooms, room);
    shard.router.part(*subscription, "$room/" + room);
  }
  void publish(std::string_view topic, std::string_view content, std::string_view to = {},
               std::string_view event = {}) {
    const std::string whom = audience(to);
    (void)shard.router.publish(id, 0, {.topic = topic, .event = event, .content = content, .audience = whom});
  }

  OneShard& shard;
  ClientId id;
  const proto::WireFormat* format = &websocket;
  topics::Subscription* subscription = nullptr;
  std::vector<std::string> rooms;
  std::vector<net::SharedBytesRef> runs;
  std::string heard;
  std::vector<std::uint64_t> acknowledged;
  std::vector<proto::Reason> refused;
  bool recovered = false;
  std::uint64_t epoch = 0;

 private:
  void join_all() {
    shard.router.join(*subscription, "$sid/" + sid_);
    for (const std::string& room : rooms) shard.router.join(*subscription, "$room/" + room);
  }
  const std::string sid_;
};

class StreamsOfShards : public testing::TestWithParam<ShardIndex> {
 protected:
  ~StreamsOfShards() override {
    for (Socket* each : sockets) {
      if (each->subscription != nullptr) each->disconnect();
      each->shard.clients.destroy(each->id);
    }
    shards.settle();
  }
  static ShardsOptions options() {
    ShardsOptions made;
    made.shards = GetParam();
    made.log.messages = 100;
    made.streams = {{.stream = "$stream", .topics = {"a", "b", "c", "$events"}, .prefixes = {"$room/", "$sid/"}}};
    return made;
  }
  Socket& socket(std::size_t shard, const std::string& sid) {
    OneShard& where = shards[shard % GetParam()];
    auto made = std::make_unique<Socket>(where, sid);
    Socket& one = *made;
    one.id = where.clients.reserve();
    where.clients.put(one.id, std::move(made));
    sockets.push_back(&one);
    return one;
  }
  Socket& connected(std::size_t shard, const std::string& sid, const proto::WireFormat& format = websocket) {
    Socket& one = socket(shard, sid);
    one.connect({}, format);
    shards.settle();
    return one;
  }

  Shards shards{options()};
  std::vector<Socket*> sockets;
};

}  // namespace broker::shard
