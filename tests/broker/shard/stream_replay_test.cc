// SPDX-License-Identifier: Apache-2.0
// Clients that subscribe to a stream and come back to it: what Subscriber hands out of the logs of many topics.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "peer.h"
#include "proto/audience.h"
#include "proto/http/request.h"
#include "proto/notation.h"
#include "proto/websocket/frame.h"

namespace broker::shard {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

void append_text(const proto::WireFormat&, const proto::Message& message, std::string& out) {
  if (message.kind == proto::Kind::binary) return;  // has no way to say it
  proto::websocket::append_frame(out, proto::websocket::Opcode::text, message.content);
}
constexpr proto::WireFormat text_alone{"members", &append_text};

// Of the stream alone: GET /members/NAME is $sid/NAME and in the room r; "held" is live from its first message on, any
// other leaves the room with it.
class MemberSession final : public proto::WebSocketSession {
 public:
  MemberSession(std::string_view name, const proto::Start& start) : name_(name), start_(start) {}

  void on_open(proto::Host& host) override { EXPECT_FALSE(host.subscribe(1, "$stream", start_)); }
  void on_message(proto::DataType, std::span<char>, proto::Host& host) override {
    if (name_ == "held") return host.go_live("$stream");
    host.part("$stream", "$room/r");
    EXPECT_FALSE(host.is_member("$stream", "$room/r"));
  }
  void on_subscribed(proto::Tag, std::string_view, const proto::Answer<proto::Subscribed>& answer,
                     proto::Host& host) override {
    const auto& subscribed = std::get<proto::Subscribed>(answer);
    host.join("$stream", "$sid/" + name_);
    host.join("$stream", "$room/r");
    EXPECT_TRUE(host.is_member("$stream", "$room/r"));
    if (name_ == "held") host.hold_live("$stream");
    say(host, subscribed.recovered ? (*subscribed.recovered ? "recovered" : "lost") : "fresh");
  }
  void on_live(std::string_view, proto::Host& host) override { say(host, "live"); }
  [[nodiscard]] const proto::WireFormat* wire_format() const override { return &text_alone; }

 private:
  static void say(proto::Host& host, std::string_view what) {
    std::string frame;
    proto::websocket::append_frame(frame, proto::websocket::Opcode::text, what);
    host.send(frame);
  }
  const std::string name_;
  const proto::Start start_;
};

class MembersDialect final : public proto::Dialect {
 public:
  [[nodiscard]] std::string_view name() const override { return "members"; }
  [[nodiscard]] std::span<const proto::Route> routes() const override { return route_list; }
  [[nodiscard]] proto::Opened<proto::WebSocketSession> open_websocket(const proto::http::Request& request,
                                                                      const proto::SessionOptions&) const override {
    const proto::Answer<proto::Start> start =
        proto::read_start({.epoch = request.parameter("epoch"), .after = request.parameter("after"), .last = {}});
    return std::make_unique<MemberSession>(request.topic, std::get<proto::Start>(start));
  }

 private:
  static constexpr proto::Route route_list[] = {
      {proto::Route::Transport::websocket, "GET", "/members/{topic}", "of the stream"}};
};

class StreamReplay : public testing::TestWithParam<ShardIndex> {
 protected:
  ShardsOptions options() {
    ShardsOptions made;
    made.shards = GetParam();
    made.log.messages = 1000;
    made.settings.limits.queue_bytes = queue_bytes;
    made.settings.queue.overflow = config::Overflow::drop_oldest;
    made.another = &dialect;
    made.streams = {{.stream = "$stream", .topics = {"a", "b"}, .prefixes = {"$room/", "$sid/"}}};
    return made;
  }
  void publish(std::string_view topic, std::string_view content, std::string_view except = {},
               proto::Kind kind = proto::Kind::text) {
    std::string whom;
    if (!except.empty()) proto::append_member(whom, proto::Sign::except, except);
    Router& router = shards[published++ % GetParam()].router;
    (void)router.publish({}, 0, {.topic = topic, .event = {}, .kind = kind, .content = content, .audience = whom});
    shards.settle();
  }
  std::unique_ptr<Peer> member(std::string_view path, std::size_t shard = 0) {
    auto made = std::make_unique<Peer>(shards, shard % GetParam());
    made->opens(absl::StrCat("/members/", std::string(path)), "");
    return made;
  }

  static constexpr std::size_t queue_bytes = 64 << 10;
  const MembersDialect dialect;
  std::size_t published = 0;
  Shards shards{options()};
};

TEST_P(StreamReplay, IsOfWhatIsForTheSubscriberAndThenLive) {
  publish("a", "1");
  publish("$room/r", "2");
  publish("$room/other", "3");
  publish("$sid/one", "4");
  publish("b", "5", "$sid/one");
  publish("a", "6", {}, proto::Kind::binary);
  publish("b", "7", "$room/other");
  const auto one = member("one?after=0", 1);
  EXPECT_THAT(one->take_payloads(), ElementsAre("recovered", "1", "2", "4", "7", "live"));
  EXPECT_EQ(one->shard().metrics.deliveries_dropped[proto::Reason::undeliverable].value(), 1u);
  const auto two = member("two?after=3", 2);
  EXPECT_THAT(two->take_payloads(), ElementsAre("recovered", "5", "7", "live"));
  const auto fresh = member("three");
  EXPECT_THAT(fresh->take_payloads(), ElementsAre("fresh", "live"));
  publish("$room/r", "8");
  publish("$sid/two", "9");
  publish("a", "10", "$sid/two");
  for (const auto& each : {&one, &two, &fresh}) (*each)->settles();
  EXPECT_THAT(one->take_payloads(), ElementsAre("8", "10"));
  EXPECT_THAT(two->take_payloads(), ElementsAre("8", "9"));
  EXPECT_THAT(fresh->take_payloads(), ElementsAre("8", "10"));
  fresh->sends_text("leave the room");
  fresh->settles();
  publish("$room/r", "11");
  fresh->settles();
  EXPECT_THAT(fresh->take_payloads(), IsEmpty());
}

TEST_P(StreamReplay, GoesOverPagesOfSeveralTopics) {
  std::vector<std::string> expected = {"recovered"};
  for (int i = 0; i < 600; ++i) {
    expected.push_back(std::to_string(i));
    publish(i % 3 == 0 ? "a" : "b", expected.back());
  }
  expected.emplace_back("live");
  EXPECT_EQ(member("one?after=0", 1)->take_payloads(), expected);
}

TEST_P(StreamReplay, GoesOverPagesWithNothingForTheSubscriber) {
  for (int i = 0; i < 300; ++i) publish("$room/other", "x");
  publish("a", "here");
  for (int i = 0; i < 300; ++i) publish("$room/other", "x");
  const auto one = member("one?after=0", 1);
  publish("a", "and now");
  one->settles();
  EXPECT_THAT(one->take_payloads(), ElementsAre("recovered", "here", "live", "and now"));
}

TEST_P(StreamReplay, WaitsInTheLogAsLongAsTheSubscriberWants) {
  publish("a", "before");
  for (const char* path : {"held", "held?after=0"}) {
    SCOPED_TRACE(path);
    const auto held = member(path, 1);
    const auto other = member("other", 1);
    const bool resumes = std::string_view(path) != "held";
    if (resumes) {
      EXPECT_EQ(held->take_payloads().front(), "recovered");
    } else {
      EXPECT_THAT(held->take_payloads(), ElementsAre("fresh"));
    }
    publish("a", "1");
    publish("$room/other", "2");
    publish("$sid/held", "3");
    held->settles();
    EXPECT_THAT(held->take_payloads(), IsEmpty());
    other->settles();
    EXPECT_THAT(other->take_payloads(), ElementsAre("fresh", "live", "1"));
    held->sends_text("go");
    held->settles();
    EXPECT_THAT(held->take_payloads(), ElementsAre("1", "3", "live"));
    publish("b", "4");
    held->settles();
    EXPECT_THAT(held->take_payloads(), ElementsAre("4"));
  }
}

TEST_P(StreamReplay, EndsWhereTheLogDoesNotLastAsLongAsItIsHeld) {
  const auto held = member("held");
  for (int i = 0; i < 1001; ++i) publish("a", "x");
  held->sends_text("go");
  held->settles();
  EXPECT_TRUE(held->sees_fin());
  EXPECT_EQ(held->take_frames().back().payload.substr(0, 2), "\x03\xf5") << "1013";
  held->ends_input();
  held->settles();
}

TEST_P(StreamReplay, SaysWhatItLostBeforeItBegins) {
  for (int i = 0; i < 1001; ++i) publish("a", std::to_string(i));
  const auto one = member("one?after=0");
  const std::vector<std::string> heard = one->take_payloads();
  ASSERT_EQ(heard.size(), 1002u);
  EXPECT_EQ(heard.front(), "lost");
  EXPECT_EQ(heard[1], "1");
  EXPECT_EQ(heard.back(), "live");
  const auto elsewhere = member("one?after=0&epoch=1");
  EXPECT_EQ(elsewhere->take_payloads().front(), "lost");
}

// It has said that nothing was lost, and takes the rest too slowly for that to stay true.
TEST_P(StreamReplay, EndsWhereTheLogIsFasterThanTheReader) {
  for (int i = 0; i < 400; ++i) publish("a", std::to_string(i));
  Peer slow(shards, 0);
  slow.sends(
      "GET /members/one?after=0 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  shards.settle();
  for (int i = 0; i < 2000; ++i) publish("b", "x");  // the first of b leave its log, and the stream all before them
  slow.settles();
  EXPECT_TRUE(slow.sees_fin());
  const std::string all = slow.take();
  const std::vector<fakes::FrameSeen> heard = fakes::frames(all.substr(all.find("\r\n\r\n") + 4));
  ASSERT_GT(heard.size(), 2u);
  EXPECT_EQ(heard.front().payload, "recovered");
  EXPECT_EQ(heard[heard.size() - 2].payload, "255");
  EXPECT_EQ(heard.back().payload.substr(0, 2), "\x03\xf5") << "1013";
  slow.ends_input();
  slow.settles();
  EXPECT_EQ(slow.shard().metrics.connections_closed[proto::Reason::slow_consumer].value(), 1u);
}

// Though the settings are for dropping the oldest.
TEST_P(StreamReplay, EndsRatherThanLeaveSomethingOut) {
  const auto slow = member("one");
  const std::string large(8192, 'x');
  for (std::size_t bytes = 0; bytes < 2 * queue_bytes; bytes += large.size()) publish("a", large);
  slow->settles();
  EXPECT_TRUE(slow->sees_fin());
  EXPECT_EQ(slow->take_frames().back().payload.substr(0, 2), "\x03\xf5") << "1013";
  slow->ends_input();
  slow->settles();
  EXPECT_EQ(slow->shard().metrics.connections_closed[proto::Reason::slow_consumer].value(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Shards, StreamReplay, testing::Values(ShardIndex{1}, ShardIndex{3}));

}  // namespace
}  // namespace broker::shard
