// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "peer.h"

namespace broker::shard {
namespace {

using fakes::FrameSeen;
using proto::Reason;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

// A close frame's payload (RFC 6455 §5.5.1).
std::string close_payload(int code, std::string_view text = {}) {
  return std::string({static_cast<char>(code >> 8), static_cast<char>(code & 0xff)}) + std::string(text);
}

class WebSocket : public testing::Test {
 protected:
  std::uint64_t closes(Reason reason) { return shards[0].metrics.connections_closed[reason].value(); }

  Shards shards;
  Peer peer{shards};
};

TEST_F(WebSocket, SubscribesAndHearsWhatIsPublished) {
  peer.opens("/ws");
  peer.sends_text(R"({"id":1,"subscribe":{"topic":"t"}})");
  peer.sends_text(R"({"id":2,"publish":{"topic":"t","data":"hi"}})");
  peer.settles();
  const std::vector<std::string> seen = peer.take_payloads();
  ASSERT_THAT(seen, SizeIs(3));
  EXPECT_THAT(seen[0], StartsWith(R"({"id":1,"ok":{"epoch":")"));
  EXPECT_EQ(seen[1], R"({"topic":"t","offset":1,"data":"hi"})") << "the delivery comes before its acknowledgement";
  EXPECT_EQ(seen[2], R"({"id":2,"ok":{"offset":1}})");
  EXPECT_EQ(shards[0].metrics.subscriptions[0].value(), 1);
  EXPECT_EQ(shards[0].metrics.connections(base::Transport::ws, 0).value(), 1);
}

TEST_F(WebSocket, TakesTheHandshakeAndFramesInPiecesOfOneByte) {
  peer.opens("/ws");
  for (const char byte : masked(opcode_text, R"({"id":1,"publish":{"topic":"t","data":"hi"}})")) {
    peer.sends({&byte, 1});
    shards.settle();
  }
  peer.settles(1);
  EXPECT_THAT(peer.take_payloads(), ElementsAre(R"({"id":1,"ok":{"offset":1}})"));
}

TEST_F(WebSocket, TakesFramesThatComeWithTheHandshake) {
  peer.sends(
      absl::StrCat("GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: "
                   "Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                   masked(opcode_text, R"({"id":1,"publish":{"topic":"t","data":"hi"}})")));
  peer.settles();
  const std::string seen = peer.take();
  EXPECT_THAT(seen, StartsWith("HTTP/1.1 101 "));
  EXPECT_THAT(seen, HasSubstr("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n")) << "RFC 6455 §1.3";
  EXPECT_THAT(seen, HasSubstr(R"({"id":1,"ok":{"offset":1}})"));
}

TEST_F(WebSocket, AnswersCommandsInOrderWhereverTheirTopicsLive) {
  ShardsOptions options;
  options.shards = 4;
  Shards many(options);
  Peer one(many, 2);
  one.opens("/ws");
  for (std::size_t home = 0; home < 4; ++home) {
    one.sends_text(
        absl::StrCat(R"({"id":)", home + 1, R"(,"publish":{"topic":")", many.topic_at(home), R"(","data":1}})"));
  }
  one.settles();
  EXPECT_THAT(one.take_payloads(), SizeIs(4));
}

TEST_F(WebSocket, SendsNothingOfATopicBehindItsUnsubscription) {
  peer.opens("/ws");
  peer.sends_text(R"({"id":1,"subscribe":{"topic":"t"}})");
  peer.settles();
  (void)peer.take();
  peer.sends_text(R"({"publish":{"topic":"t","data":1}})");
  peer.sends_text(R"({"id":2,"unsubscribe":{"topic":"t"}})");
  peer.settles();
  EXPECT_THAT(peer.take_payloads(), ElementsAre(R"({"id":2,"ok":{}})"));
  EXPECT_EQ(shards[0].metrics.subscriptions[0].value(), 0);
}

TEST_F(WebSocket, AnswersASubscriptionThatWasGivenUpAtOnce) {
  peer.opens("/ws");
  peer.sends_text(R"({"id":1,"subscribe":{"topic":"t"}})");
  peer.sends_text(R"({"id":2,"unsubscribe":{"topic":"t"}})");
  peer.sends_text(R"({"id":3,"subscribe":{"topic":"t"}})");
  peer.settles();
  std::vector<std::string> seen = peer.take_payloads();
  std::sort(seen.begin(), seen.end());
  ASSERT_THAT(seen, SizeIs(3));
  EXPECT_THAT(seen[0], StartsWith(R"({"id":1,"ok":)"));
  EXPECT_THAT(seen[1], StartsWith(R"({"id":2,"ok":{}})"));
  EXPECT_THAT(seen[2], StartsWith(R"({"id":3,"ok":)"));
  peer.sends_text(R"({"publish":{"topic":"t","data":1}})");
  peer.settles();
  EXPECT_THAT(peer.take_payloads(), SizeIs(1)) << "one subscription is left";
  EXPECT_EQ(shards[0].metrics.subscriptions[0].value(), 1);
}

TEST_F(WebSocket, RefusesASecondSubscriptionAndOneTooMany) {
  peer.opens("/ws");
  peer.sends_text(R"({"id":1,"subscribe":{"topic":"t"}})");
  peer.sends_text(R"({"id":2,"subscribe":{"topic":"t"}})");
  peer.settles();
  EXPECT_THAT(peer.take_payloads(), ElementsAre(HasSubstr(R"("code":409)"), HasSubstr(R"("id":1,"ok")")));
  for (std::uint32_t i = 1; i < config::Settings().limits.subscriptions; ++i) {
    peer.sends_text(absl::StrCat(R"({"subscribe":{"topic":"t)", i, R"("}})"));
    if (i % 64 == 0) peer.settles();
  }
  peer.settles();
  (void)peer.take();
  peer.sends_text(R"({"id":3,"subscribe":{"topic":"one more"}})");
  peer.settles();
  EXPECT_THAT(peer.take_payloads(), ElementsAre(HasSubstr(R"("code":429)")));
}

TEST_F(WebSocket, TellsOfAGapWhenTheLogHasLostWhatWasMissed) {
  ShardsOptions options;
  options.log.messages = 3;
  Shards short_log(options);
  Peer one(short_log);
  one.opens("/ws");
  for (int i = 1; i <= 5; ++i) one.sends_text(R"({"publish":{"topic":"t","data":0}})");
  one.sends_text(R"({"id":1,"subscribe":{"topic":"t","offset":1}})");
  one.settles();
  const std::vector<std::string> seen = one.take_payloads();
  ASSERT_THAT(seen, SizeIs(5));
  EXPECT_THAT(seen[0], HasSubstr(R"("recovered":false)"));
  EXPECT_EQ(seen[1], R"({"topic":"t","gap":{"from":2,"to":2,"reason":"expired"}})");
  EXPECT_THAT(seen[2], HasSubstr(R"("offset":3)"));
  EXPECT_THAT(seen[4], HasSubstr(R"("offset":5)"));
  one.sends_text(R"({"unsubscribe":{"topic":"t"}})");
  one.sends_text(R"({"id":2,"subscribe":{"topic":"t","epoch":"0000000000000001","offset":5}})");
  one.settles();
  const std::vector<std::string> again = one.take_payloads();
  ASSERT_THAT(again, SizeIs(6));
  EXPECT_EQ(again[2], R"({"topic":"t","gap":{"reason":"epoch"}})");
  EXPECT_THAT(again[3], HasSubstr(R"("offset":3)"));
}

TEST_F(WebSocket, RepliesToPings) {
  peer.opens("/ws");
  peer.sends(masked(opcode_ping, "are you there?"));
  peer.settles();
  EXPECT_THAT(peer.take_frames(), ElementsAre(FrameSeen{opcode_pong, "are you there?"}));
}

TEST_F(WebSocket, RefusesPublishesOfClientsWhereTheSettingsSaySo) {
  ShardsOptions options;
  options.settings.dev = false;
  options.settings.access.client_publish = {std::get<config::TopicPattern>(config::TopicPattern::parse("chat/*"))};
  Shards strict(options);
  Peer one(strict);
  one.opens("/ws");
  one.sends_text(R"({"id":1,"publish":{"topic":"news","data":1}})");
  one.sends_text(R"({"id":2,"publish":{"topic":"chat/a","data":1}})");
  one.settles();
  EXPECT_THAT(one.take_payloads(),
              ElementsAre(HasSubstr(R"("id":1,"error":{"code":403)"), R"({"id":2,"ok":{"offset":1}})"));
  EXPECT_EQ(strict[0].metrics.publishes_refused[Reason::policy_violation].value(), 1u);
}

// ---- endings

TEST_F(WebSocket, ClosesWithTheCodeThatThePeerGave) {
  peer.opens("/ws");
  peer.sends(masked(opcode_close, close_payload(1000, "bye")));
  peer.settles();
  EXPECT_THAT(peer.take_frames(), ElementsAre(FrameSeen{opcode_close, close_payload(1000)}));
  EXPECT_TRUE(peer.sees_fin());
  EXPECT_FALSE(peer.closed());
  peer.ends_input();
  peer.settles();
  EXPECT_TRUE(peer.closed());
  EXPECT_EQ(closes(Reason::peer_closed), 1u);
}

TEST_F(WebSocket, AnswersWhatCameBeforeAClose) {
  peer.opens("/ws");
  peer.sends(absl::StrCat(masked(opcode_text, R"({"id":1,"publish":{"topic":"t","data":1}})"),
                          masked(opcode_close, close_payload(1001))));
  peer.settles();
  EXPECT_THAT(peer.take_frames(), ElementsAre(FrameSeen{opcode_text, R"({"id":1,"ok":{"offset":1}})"},
                                              FrameSeen{opcode_close, close_payload(1001)}));
}

// "What came before a bad frame is still acted on": also when the topic lives on another shard, whose answer takes a
// while.
TEST_F(WebSocket, AnswersWhatCameBeforeABadFrame) {
  ShardsOptions options;
  options.shards = 2;
  Shards two(options);
  for (std::size_t home = 0; home < 2; ++home) {
    Peer one(two, 0);
    one.opens("/ws");
    one.sends(absl::StrCat(
        masked(opcode_text, absl::StrCat(R"({"id":1,"publish":{"topic":")", two.topic_at(home), R"(","data":1}})")),
        "\xf1\x80", masked(opcode_text, R"({"id":2,"publish":{"topic":"t","data":1}})")));
    for (int i = 0; i < 5; ++i) two[0].turn();
    EXPECT_EQ(one.sees_fin(), false) << "the answer is not there yet, or not sent";
    one.settles();
    const std::vector<FrameSeen> seen = one.take_frames();
    ASSERT_THAT(seen, SizeIs(2));
    EXPECT_EQ(seen[0].payload, R"({"id":1,"ok":{"offset":1}})");
    EXPECT_EQ(seen[1].opcode, opcode_close);
    EXPECT_THAT(seen[1].payload, StartsWith(close_payload(1002)));
    EXPECT_TRUE(one.sees_fin());
    one.ends_input();
    one.settles();
    EXPECT_EQ(two[0].metrics.connections_closed[Reason::protocol_error].value(), home + 1);
  }
}

TEST_F(WebSocket, ActsOnWhatCameBeforeTheEndOfInput) {
  Peer hearer(shards);
  hearer.opens("/ws");
  hearer.sends_text(R"({"id":1,"subscribe":{"topic":"t"}})");
  hearer.settles();
  (void)hearer.take();
  peer.opens("/ws");
  peer.sends_text(R"({"publish":{"topic":"t","data":1}})");
  shards[0].ring.turn();
  peer.ends_input();
  peer.settles();
  hearer.settles();
  EXPECT_THAT(hearer.take_payloads(), ElementsAre(R"({"topic":"t","offset":1,"data":1})"));
  EXPECT_TRUE(peer.closed());
  EXPECT_EQ(closes(Reason::peer_closed), 1u);
}

TEST_F(WebSocket, IsCutWhenThePeerNeverEndsItsSide) {
  peer.opens("/ws");
  peer.sends(masked(opcode_close, close_payload(1000)));
  peer.settles();
  shards.pass(config::limits::close_patience + 100ms);
  EXPECT_TRUE(peer.closed());
}

TEST_F(WebSocket, IsResetWhenItsGoodbyeDoesNotMove) {
  peer.opens("/ws");
  peer.sends("\xf1\x80");
  shards.settle();
  ASSERT_TRUE(peer.is_sent_to());
  shards.pass(config::limits::close_patience + 100ms);
  EXPECT_TRUE(peer.closed());
  EXPECT_TRUE(peer.was_reset());
  EXPECT_EQ(closes(Reason::protocol_error), 1u);
}

TEST_F(WebSocket, LeavesNothingBehind) {
  peer.opens("/ws");
  peer.sends_text(R"({"id":1,"subscribe":{"topic":"t"}})");
  peer.settles();
  peer.resets();
  shards.settle();
  EXPECT_EQ(shards[0].clients.size(), 0u);
  EXPECT_EQ(shards[0].metrics.subscriptions[0].value(), 0);
  EXPECT_EQ(shards[0].metrics.connections(base::Transport::ws, 0).value(), 0);
  EXPECT_EQ(shards[0].metrics.queue_bytes.value(), 0);
}

// ---- time

TEST_F(WebSocket, PingsAndClosesWhoDoesNotAnswer) {
  const config::WebSocket& times = shards.shared.options.settings.websocket;
  peer.opens("/ws");
  shards.pass(times.ping_interval + 100ms);
  peer.settles();
  EXPECT_THAT(peer.take_frames(), ElementsAre(FrameSeen{opcode_ping, ""}));
  peer.sends(masked(opcode_pong, ""));
  peer.settles();
  shards.pass(times.ping_timeout + times.ping_interval + 500ms);
  peer.settles();
  EXPECT_THAT(peer.take_frames(), ElementsAre(FrameSeen{opcode_ping, ""})) << "it goes on";
}

TEST_F(WebSocket, ClosesWhoTakesAPingAndSaysNothing) {
  const config::WebSocket& times = shards.shared.options.settings.websocket;
  peer.opens("/ws");
  shards.pass(times.ping_interval + 100ms);
  ASSERT_TRUE(peer.takes());
  shards.pass(times.ping_timeout + 300ms);
  peer.settles();
  const std::vector<FrameSeen> seen = peer.take_frames();
  ASSERT_THAT(seen, SizeIs(2));
  EXPECT_THAT(seen[1].payload, StartsWith(close_payload(1008)));
  peer.ends_input();
  peer.settles();
  EXPECT_EQ(closes(Reason::ping_timeout), 1u);
}

// The pong of a slow reader may be long in coming, but what is sent to it moves.
TEST_F(WebSocket, DoesNotCloseWhoStillTakesWhatStoodBeforeThePing) {
  const config::WebSocket& times = shards.shared.options.settings.websocket;
  peer.opens("/ws");
  peer.sends_text(R"({"id":1,"subscribe":{"topic":"t"}})");
  peer.settles();
  (void)shards[0].router.publish(
      {}, 0, {.topic = "t", .event = {}, .kind = proto::Kind::text, .content = std::string(9000, 'x')});
  shards.settle();
  ASSERT_TRUE(peer.is_sent_to());
  shards.pass(times.ping_interval + 100ms);
  (void)peer.takes(10);
  shards.pass(times.ping_timeout + 300ms);
  EXPECT_FALSE(peer.sees_fin());
  shards.pass(times.ping_interval + times.ping_timeout + 300ms);  // and now it does not move any more
  shards.pass(config::limits::close_patience + 100ms);
  EXPECT_TRUE(peer.closed());
  EXPECT_EQ(closes(Reason::ping_timeout), 1u);
}

TEST_F(WebSocket, GoesAwayInOrder) {
  peer.opens("/ws");
  peer.sends_text(R"({"id":1,"publish":{"topic":"t","data":1}})");
  shards[0].ring.turn();  // it is read, and not answered
  peer.client()->go_away();
  peer.settles();
  const std::vector<FrameSeen> seen = peer.take_frames();
  ASSERT_THAT(seen, SizeIs(2));
  EXPECT_EQ(seen[0].payload, R"({"id":1,"ok":{"offset":1}})");
  EXPECT_THAT(seen[1].payload, StartsWith(close_payload(1001)));
  peer.ends_input();
  peer.settles();
  EXPECT_EQ(closes(Reason::going_away), 1u);
}

// ---- room

TEST_F(WebSocket, StopsReadingCommandsWhoseAnswersAreNotTaken) {
  peer.opens("/ws");
  int sent = 0;
  while (!peer.has_unsent() && sent < 100'000) {
    for (int i = 0; i < 50; ++i)
      peer.sends_text(absl::StrCat(R"({"id":)", ++sent, R"(,"publish":{"topic":"t","data":1}})"));
    shards.settle();
  }
  EXPECT_FALSE(peer.is_read());
  EXPECT_LT(shards[0].metrics.queue_bytes.value(), static_cast<std::int64_t>(2 * config::limits::reply_room_bytes));
  EXPECT_GT(sent, 1000);
  shards.pass(shards.shared.options.settings.websocket.ping_interval);
  EXPECT_FALSE(peer.closed());
  peer.settles();
  EXPECT_TRUE(peer.is_read());
  std::vector<std::string> seen = peer.take_payloads();
  std::erase(seen, "");  // a ping
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(sent));
  EXPECT_EQ(seen.back(), absl::StrCat(R"({"id":)", sent, R"(,"ok":{"offset":)", sent, "}}"));
}

TEST_F(WebSocket, AnswersNothingTwiceThroughShortSends) {
  peer.opens("/ws");
  for (int i = 1; i <= 300; ++i) {
    peer.sends_text(absl::StrCat(R"({"id":)", i, R"(,"publish":{"topic":"t","data":1}})"));
    if (i % 3 == 0) shards.turn();
    if (i % 7 == 0) (void)peer.takes(static_cast<std::size_t>(i) % 50 + 1);
  }
  peer.settles(13);
  const std::vector<std::string> seen = peer.take_payloads();
  ASSERT_THAT(seen, SizeIs(300));
  for (std::size_t i = 0; i < 300; ++i)
    EXPECT_EQ(seen[i], absl::StrCat(R"({"id":)", i + 1, R"(,"ok":{"offset":)", i + 1, "}}"));
}

}  // namespace
}  // namespace broker::shard
