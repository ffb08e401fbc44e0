// SPDX-License-Identifier: Apache-2.0
// Answers over HTTP that have no end, those that wait, and deliveries that each session writes for itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "broker/shard/drain.h"
#include "peer.h"
#include "proto/http/request.h"

namespace broker::shard {
namespace {

using proto::Reason;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

void append_line(const proto::WireFormat&, const proto::Message& message, std::string& out) {
  out += absl::StrCat(message.offset, "=", std::string(message.content), "\n");
}
constexpr proto::WireFormat lines{"lines", &append_line};

// GET /stream/{topic}: a line for each message; ?own counts them itself; ?wait is answered as soon as there is one, or
// with "late" a second later; ?tick says so every second; ?from=N begins behind an offset.
class LineSession final : public proto::HttpSession {
 public:
  explicit LineSession(const proto::http::Request& request)
      : topic_(request.topic),
        own_(request.parameter("own").has_value()),
        waits_(request.parameter("wait").has_value()),
        ticks_(request.parameter("tick").has_value()) {
    if (const auto from = request.parameter("from")) from_ = std::stoull(std::string(*from));
  }
  bool keeps_request() const override { return false; }
  bool ends_with_input() const override { return true; }
  void on_body_end(proto::HttpHost& host) override {
    proto::Start start;
    if (from_) start = {.from = proto::Start::From::after, .epoch = {}, .value = *from_};
    const auto refused = host.subscribe(1, topic_, start);
    ASSERT_FALSE(refused);
  }
  void on_subscribed(proto::Tag, std::string_view, const proto::Answer<proto::Subscribed>& answer,
                     proto::Host& host) override {
    ASSERT_TRUE(std::holds_alternative<proto::Subscribed>(answer));
    if (waits_ || ticks_) host.wake_in(1s);
    if (!waits_) http(host).stream({.content_type = "text/plain", .extra_headers = "X-Endless: yes\r\n"});
  }
  void append_delivery(const proto::Message& message, std::string& out, proto::Host& host) override {
    const std::string line = absl::StrCat("own ", ++count_, ": ", std::string(message.content), "\n");
    if (!waits_) {
      out += line;
      return;
    }
    collected_ += line;
    host.wake_in(0s);
  }
  void on_timer(proto::Host& host) override {
    if (!waits_) {
      host.send("tick\n");
      return host.wake_in(1s);
    }
    answer(host, collected_.empty() ? "late" : collected_);
  }
  void on_drain(proto::HttpHost& host) override {
    if (waits_) answer(host, "drained");
  }
  const proto::WireFormat* wire_format() const override { return own_ || waits_ ? &proto::by_session : &lines; }

 private:
  void answer(proto::Host& host, const std::string& body) {
    EXPECT_FALSE(host.unsubscribe(topic_));
    http(host).respond({.content_type = "text/plain", .body = body});
  }

  const std::string topic_;
  const bool own_;
  const bool waits_;
  const bool ticks_;
  std::optional<std::uint64_t> from_;
  std::string collected_;
  int count_ = 0;
};

class LineDialect final : public proto::Dialect {
 public:
  std::string_view name() const override { return "lines"; }
  std::span<const proto::Route> routes() const override { return route_list; }
  proto::Opened<proto::HttpSession> open_http(const proto::http::Request& request,
                                              const proto::SessionOptions&) const override {
    return std::make_unique<LineSession>(request);
  }

 private:
  static constexpr proto::Route route_list[] = {
      {proto::Route::Transport::http, "GET", "/stream/{topic}", "a line a message"}};
};

class Streams : public testing::Test {
 protected:
  static const LineDialect& dialect() {
    static const LineDialect one;
    return one;
  }
  static ShardsOptions options() {
    ShardsOptions made;
    made.another = &dialect();
    made.settings.limits.queue_bytes = 64 * 1024;
    return made;
  }
  static std::string get(std::string_view target, std::string_view version = "1.1", std::string_view method = "GET") {
    return absl::StrCat(std::string(method), " ", std::string(target), " HTTP/", std::string(version),
                        "\r\nHost: localhost\r\n\r\n");
  }
  void publish(const std::string& content) {
    backend.sends(absl::StrCat(
        "POST /topics/t HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: ", content.size(),
        "\r\n\r\n", content));
    backend.settles();
    ASSERT_THAT(backend.take(), StartsWith("HTTP/1.1 200 "));
  }
  std::string asks(std::string_view target) {
    peer.sends(get(target));
    peer.settles();
    return peer.take();
  }
  std::string hears() {
    peer.settles();
    return peer.take();
  }
  std::int64_t subscriptions() { return shards[0].metrics.subscriptions[3].value(); }
  std::uint64_t closes(Reason reason) { return shards[0].metrics.connections_closed[reason].value(); }

  Shards shards{options()};
  Peer backend{shards};
  Peer peer{shards};
};

TEST_F(Streams, HaveAHeadAndNoEnd) {
  EXPECT_THAT(asks("/stream/t"),
              AllOf(StartsWith("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n"),
                    HasSubstr("X-Endless: yes\r\n"), EndsWith("\r\n\r\n"), Not(HasSubstr("Content-Length")),
                    Not(HasSubstr("chunked"))));
  publish("a");
  EXPECT_EQ(hears(), "1=a\n");
  publish("b");
  publish("c");
  EXPECT_EQ(hears(), "2=b\n3=c\n");
  EXPECT_FALSE(peer.closed());
  EXPECT_EQ(shards[0].metrics.connections(base::Transport::http, 3).value(), 1);
  peer.ends_input();
  peer.settles();
  EXPECT_TRUE(peer.sees_fin()) << "who ends its side listens no more";
  EXPECT_EQ(subscriptions(), 0);
}

TEST_F(Streams, AreTheSameForHttp10) {
  peer.sends(get("/stream/t", "1.0"));
  peer.settles();
  publish("a");
  EXPECT_THAT(hears(), AllOf(StartsWith("HTTP/1.1 200 "), EndsWith("\r\n\r\n1=a\n")));
}

TEST_F(Streams, AnswerHeadWithTheHeadAlone) {
  peer.sends(get("/stream/t", "1.1", "HEAD"));
  peer.settles();
  EXPECT_THAT(peer.take(), AllOf(HasSubstr("X-Endless: yes\r\n"), EndsWith("\r\n\r\n")));
  EXPECT_TRUE(peer.sees_fin());
  EXPECT_EQ(subscriptions(), 0);
}

TEST_F(Streams, LeaveWhatComesBehindTheRequestUnread) {
  peer.sends(get("/stream/t") + get("/topics/t"));
  peer.settles();
  peer.sends(std::string(100'000, 'x'));
  publish("a");
  EXPECT_THAT(hears(), EndsWith("\r\n\r\n1=a\n"));
  peer.ends_input();
  peer.settles();
  EXPECT_EQ(subscriptions(), 0) << "its end was seen";
}

TEST_F(Streams, BeginInTheLogWithoutASeam) {
  for (const char* each : {"a", "b", "c"}) publish(each);
  EXPECT_THAT(asks("/stream/t?from=1"), EndsWith("\r\n\r\n2=b\n3=c\n"));
  publish("d");
  EXPECT_EQ(hears(), "4=d\n");
}

TEST_F(Streams, MayBeWokenByTheClock) {
  EXPECT_THAT(asks("/stream/t?tick"), EndsWith("\r\n\r\n"));
  shards.pass(2100ms);
  EXPECT_EQ(hears(), "tick\ntick\n");
  shards.pass(1100ms);
  EXPECT_EQ(hears(), "tick\n");
}

TEST_F(Streams, AreClosedByADrain) {
  (void)asks("/stream/t");
  Drain drain(shards[0].clients, shards[0].timers, shards[0].now);
  shards[0].services.draining = true;
  drain.begin(0s);
  peer.settles();
  EXPECT_TRUE(peer.sees_fin());
  peer.ends_input();
  peer.settles();
  EXPECT_EQ(closes(Reason::going_away), 1u);
}

TEST_F(Streams, AreNotBegunWhileDraining) {
  shards[0].services.draining = true;
  EXPECT_THAT(asks("/stream/t"), StartsWith("HTTP/1.1 503 "));
  EXPECT_TRUE(peer.sees_fin());
}

TEST_F(Streams, EndWhereAReaderIsTooSlow) {
  (void)asks("/stream/t");
  const std::string large(30'000, 'x');
  for (int i = 0; i < 6; ++i) publish(large);
  peer.settles();
  EXPECT_TRUE(peer.sees_fin());
  peer.ends_input();
  peer.settles();
  EXPECT_EQ(closes(Reason::slow_consumer), 1u);
}

TEST_F(Streams, AreWrittenByEachSessionThatSaysSo) {
  publish("a");
  EXPECT_THAT(asks("/stream/t?own&from=0"), EndsWith("\r\n\r\nown 1: a\n"));
  Peer other(shards);
  other.sends(get("/stream/t?own"));
  other.settles();
  EXPECT_THAT(other.take(), EndsWith("\r\n\r\n"));
  publish("b");
  publish("c");
  other.settles();
  EXPECT_EQ(other.take(), "own 1: b\nown 2: c\n");
  EXPECT_EQ(hears(), "own 2: b\nown 3: c\n");
  EXPECT_EQ(shards[0].metrics.deliveries[3].value(), 5u);
}

TEST_F(Streams, OrAnswersThatWaitAreGivenAtTheTurnsEnd) {
  EXPECT_EQ(asks("/stream/t?wait"), "");
  publish("a");
  EXPECT_THAT(hears(), EndsWith("\r\n\r\nown 1: a\n"));
  EXPECT_EQ(subscriptions(), 0);
  EXPECT_EQ(asks("/stream/t?wait"), "") << "the connection goes on";
  shards.pass(1100ms);
  EXPECT_THAT(hears(), AllOf(HasSubstr("Content-Length: 4\r\n"), EndsWith("late")));
  EXPECT_FALSE(peer.sees_fin());
}

TEST_F(Streams, OrAnswersThatWaitAreGivenByADrain) {
  EXPECT_EQ(asks("/stream/t?wait"), "");
  Drain drain(shards[0].clients, shards[0].timers, shards[0].now);
  shards[0].services.draining = true;
  drain.begin(0s);
  EXPECT_THAT(hears(), AllOf(HasSubstr("Connection: close\r\n"), EndsWith("drained")));
  EXPECT_TRUE(peer.sees_fin());
}

TEST_F(Streams, OrAnswersThatWaitEndWithThePeer) {
  EXPECT_EQ(asks("/stream/t?wait"), "");
  EXPECT_EQ(subscriptions(), 1);
  peer.ends_input();
  peer.settles();
  EXPECT_EQ(subscriptions(), 0);
}

}  // namespace
}  // namespace broker::shard
