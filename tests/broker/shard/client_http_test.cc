// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "peer.h"

namespace broker::shard {
namespace {

using proto::Reason;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string get(std::string_view path, std::string_view more = "") {
  return absl::StrCat("GET ", std::string(path), " HTTP/1.1\r\nHost: localhost\r\n", std::string(more), "\r\n");
}
std::string post(std::string_view path, std::string_view body, std::string_view more = "") {
  return absl::StrCat("POST ", std::string(path), " HTTP/1.1\r\nHost: localhost\r\nContent-Length: ", body.size(),
                      "\r\n", std::string(more), "\r\n", std::string(body));
}

std::string chunk(std::string_view bytes) {
  return absl::StrCat(absl::Hex(bytes.size()), "\r\n", std::string(bytes), "\r\n");
}

std::size_t count(const std::string& text, std::string_view what) {
  std::size_t seen = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++seen;
  return seen;
}

class Http : public testing::Test {
 protected:
  std::uint64_t closes(Reason reason) { return shards[0].metrics.connections_closed[reason].value(); }

  Shards shards;
  Peer peer{shards};
};

TEST_F(Http, PublishesAndAnswersWithTheOffset) {
  peer.sends(post("/topics/a", "hi"));
  peer.settles();
  const std::string answer = peer.take();
  EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("Kodama-Shard: 0\r\n"), HasSubstr("\"offset\":1}")));
  peer.sends(post("/topics/a", "again"));
  peer.settles();
  EXPECT_THAT(peer.take(), HasSubstr("\"offset\":2}"));
  EXPECT_FALSE(peer.closed());
  EXPECT_EQ(shards[0].metrics.connections(base::Transport::http, 2).value(), 1)
      << "counted as of the dialect it speaks";
}

TEST_F(Http, TakesARequestInPiecesOfOneByte) {
  for (const char byte : post("/topics/a", "hi")) {
    peer.sends({&byte, 1});
    peer.settles();
  }
  EXPECT_THAT(peer.take(), StartsWith("HTTP/1.1 200 "));
}

TEST_F(Http, AnswersWhatIsPipelinedInOrder) {
  peer.sends(absl::StrCat(post("/topics/a", "1"), post("/topics/a", "2"), get("/nowhere"), post("/topics/a", "3")));
  peer.settles();
  const std::string answers = peer.take();
  EXPECT_EQ(count(answers, "HTTP/1.1 "), 4u) << answers;
  const std::size_t missing = answers.find("HTTP/1.1 404");
  ASSERT_NE(missing, std::string::npos);
  EXPECT_LT(answers.find("\"offset\":2}"), missing);
  EXPECT_GT(answers.find("\"offset\":3}"), missing);
}

TEST_F(Http, AnswersWhatWasPipelinedBeforeTheEnd) {
  peer.sends(absl::StrCat(post("/topics/a", "1"), post("/topics/a", "2")));
  shards[0].ring.turn();
  peer.ends_input();
  peer.settles();
  const std::string answers = peer.take();
  EXPECT_EQ(count(answers, "HTTP/1.1 200"), 2u) << answers;
  EXPECT_TRUE(peer.closed());
}

TEST_F(Http, AnswersWhoHasClosedItsSide) {
  peer.sends(post("/topics/a", "hi"));
  peer.ends_input();
  peer.settles();
  EXPECT_THAT(peer.take(), AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("Connection: close")));
  EXPECT_TRUE(peer.closed());
  EXPECT_EQ(closes(Reason::answered), 1u);
}

TEST_F(Http, ClosesWhenAskedTo) {
  peer.sends(post("/topics/a", "hi", "Connection: close\r\n"));
  peer.settles();
  EXPECT_THAT(peer.take(), StartsWith("HTTP/1.1 200 "));
  EXPECT_TRUE(peer.sees_fin());
  EXPECT_FALSE(peer.closed()) << "it waits for the peer's end";
  peer.ends_input();
  peer.settles();
  EXPECT_TRUE(peer.closed());
  EXPECT_FALSE(peer.was_reset());
}

TEST_F(Http, ReadsTheLogAsJson) {
  for (const char* content : {"a", "b", "c"}) peer.sends(post("/topics/t", content));
  peer.settles();
  (void)peer.take();
  peer.sends(get("/topics/t?after=1&limit=1"));
  peer.settles();
  EXPECT_THAT(peer.take(), AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("\"data\":\"b\""), HasSubstr("\"more\":true"),
                                 Not(HasSubstr("\"data\":\"c\""))));
}

TEST_F(Http, AnswersBadRequestsAndCloses) {
  peer.sends("BAD\r\n\r\n");
  peer.settles();
  EXPECT_THAT(peer.take(), AllOf(StartsWith("HTTP/1.1 400 "), HasSubstr("Connection: close"),
                                 HasSubstr("{\"error\":{\"code\":400")));
  EXPECT_TRUE(peer.sees_fin());
  EXPECT_EQ(shards[0].metrics.connections_rejected[Reason::bad_request].value(), 1u);
}

TEST_F(Http, AnswersOneBadRequestBehindAGoodOne) {
  peer.sends(absl::StrCat(post("/topics/a", "hi"), "BAD\r\n\r\n"));
  peer.settles();
  const std::string answers = peer.take();
  EXPECT_THAT(answers, AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("HTTP/1.1 400 ")));
}

TEST_F(Http, PublishesLinesAndAnswersEach) {
  peer.sends("POST /publish HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  peer.sends(chunk("{\"topic\":\"x\",\"data\":\"hi\"}\n"));
  peer.settles();
  EXPECT_THAT(peer.take(), AllOf(HasSubstr("Transfer-Encoding: chunked"), HasSubstr("\"offset\":1}\n")))
      << "before the body has ended";
  peer.sends(absl::StrCat(chunk("oops\n"), "0\r\n\r\n"));
  peer.settles();
  EXPECT_THAT(peer.take(), AllOf(HasSubstr("{\"error\":{\"code\":400"), EndsWith("0\r\n\r\n")));
  EXPECT_FALSE(peer.closed());
}

TEST_F(Http, StopsReadingLinesWhoseAnswersAreNotTaken) {
  peer.sends("POST /publish HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string line = "{\"topic\":\"x\",\"data\":\"hi\"}\n";
  std::string lines;
  for (int i = 0; i < 400; ++i) lines += line;
  int chunks = 0;
  for (; chunks < 100 && !peer.has_unsent(); ++chunks) {
    peer.sends(chunk(lines));
    shards.settle();
  }
  EXPECT_LT(chunks, 50);
  EXPECT_FALSE(peer.is_read());
  // It reads on when the answers are taken, and all are answered.
  peer.sends("0\r\n\r\n");
  peer.settles();
  EXPECT_EQ(count(peer.take(), "\"offset\":"), static_cast<std::size_t>(chunks) * 400);
  EXPECT_TRUE(peer.is_read());
}

// The body is read again when the answers have been taken; what comes then is no chunk.
TEST_F(Http, EndsAStreamThatBreaksBehindAPause) {
  peer.sends("POST /publish HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string line = "{\"topic\":\"x\",\"data\":\"hi\"}\n";
  std::string body;
  for (int i = 0; i < 3000; ++i) body += line;
  peer.sends(absl::StrCat(chunk(body), "no chunk\r\n", std::string(100, 'x')));
  peer.settles();
  EXPECT_GE(count(peer.take(), "\"offset\":"), 2000u);
  EXPECT_TRUE(peer.sees_fin());
}

TEST_F(Http, GivesUpOnAnswersThatAreNotTaken) {
  peer.sends("POST /publish HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  std::string body;
  for (int i = 0; i < 5000; ++i) body += "{\"topic\":\"x\",\"data\":\"hi\"}\n";
  peer.sends(chunk(body));
  shards.settle();
  ASSERT_FALSE(peer.is_read());
  shards.pass(29s);
  EXPECT_FALSE(peer.closed());
  shards.pass(2s + 2 * config::limits::close_patience);
  EXPECT_TRUE(peer.closed());
  EXPECT_EQ(closes(Reason::read_timeout), 1u);
}

TEST_F(Http, WaitsForAHeadNoLongerThanItsTime) {
  peer.sends("GET / HT");
  shards.pass(shards.shared.options.settings.timeouts.head + 100ms);
  peer.settles();
  EXPECT_THAT(peer.take(), StartsWith("HTTP/1.1 408 "));
  shards.pass(config::limits::close_patience + 1s);
  EXPECT_TRUE(peer.closed());
}

TEST_F(Http, ClosesWithoutWordsWhoNeverAsks) {
  shards.pass(shards.shared.options.settings.timeouts.head + 100ms);
  peer.settles();
  EXPECT_EQ(peer.take(), "");
  EXPECT_TRUE(peer.sees_fin());
  peer.ends_input();
  peer.settles();
  EXPECT_EQ(closes(Reason::head_timeout), 1u);
}

TEST_F(Http, WaitsForABodyNoLongerThanItsTime) {
  peer.sends("POST /topics/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhal");
  shards.pass(shards.shared.options.settings.timeouts.body + 100ms);
  peer.settles();
  EXPECT_THAT(peer.take(), StartsWith("HTTP/1.1 408 "));
  EXPECT_TRUE(peer.sees_fin());
}

TEST_F(Http, ClosesIdleConnections) {
  peer.sends(post("/topics/a", "hi"));
  peer.settles();
  (void)peer.take();
  shards.pass(shards.shared.options.settings.timeouts.idle + 100ms);
  peer.settles();
  EXPECT_EQ(peer.take(), "");
  EXPECT_TRUE(peer.sees_fin());
}

TEST_F(Http, ForgetsAPeerThatResets) {
  peer.sends("POST /topics/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhal");
  shards.settle();
  peer.resets();
  shards.settle();
  EXPECT_EQ(peer.client(), nullptr);
  EXPECT_EQ(closes(Reason::peer_reset), 1u);
  EXPECT_EQ(shards[0].clients.size(), 0u);
  EXPECT_EQ(shards[0].metrics.queue_bytes.value(), 0);
}

TEST_F(Http, RefusesPagesOfOtherOrigins) {
  peer.sends(post("/topics/a", "hi", "Origin: https://evil.example\r\n"));
  peer.settles();
  EXPECT_THAT(peer.take(), StartsWith("HTTP/1.1 403 "));
  Peer another(shards);
  another.sends(post("/topics/a", "hi", "Origin: http://localhost:3000\r\n"));
  another.settles();
  EXPECT_THAT(another.take(),
              AllOf(HasSubstr("Access-Control-Allow-Origin: http://localhost:3000\r\n"), HasSubstr("\"offset\":1}")));
}

TEST_F(Http, AnswersAPreflight) {
  peer.sends(
      "OPTIONS /topics/a HTTP/1.1\r\nHost: localhost\r\nOrigin: "
      "http://localhost:3000\r\nAccess-Control-Request-Method: POST\r\n\r\n");
  peer.settles();
  EXPECT_THAT(peer.take(),
              AllOf(StartsWith("HTTP/1.1 204 "), HasSubstr("Access-Control-Allow-Methods: "), HasSubstr("POST")));
}

TEST(HttpWithKeys, WantsAKeyForPublishing) {
  ShardsOptions options;
  options.settings.dev = false;
  options.keys = {"a-key-of-the-backend"};
  Shards shards(options);
  Peer peer(shards);
  peer.sends(post("/topics/a", "hi"));
  peer.settles();
  EXPECT_THAT(peer.take(), AllOf(StartsWith("HTTP/1.1 401 "), HasSubstr("WWW-Authenticate: Bearer"),
                                 Not(HasSubstr("Kodama-Shard"))));
  Peer another(shards);
  another.sends(post("/topics/a", "hi", "Authorization: Bearer a-key-of-the-backend\r\n"));
  another.settles();
  EXPECT_THAT(another.take(), StartsWith("HTTP/1.1 200 "));
}

TEST(HttpLimits, RefuseWhatIsTooLarge) {
  ShardsOptions options;
  options.settings.limits.message_bytes = 1024;
  Shards shards(options);
  Peer peer(shards);
  peer.sends(post("/topics/a", std::string(1024, 'x')));
  peer.settles();
  EXPECT_THAT(peer.take(), StartsWith("HTTP/1.1 200 "));
  peer.sends(post("/topics/a", std::string(1025, 'x')));
  peer.settles();
  EXPECT_THAT(peer.take(), StartsWith("HTTP/1.1 413 "));
}

TEST(HttpShards, AnswersWhereverTheTopicLives) {
  ShardsOptions options;
  options.shards = 4;
  Shards shards(options);
  for (std::size_t shard = 0; shard < 4; ++shard) {
    Peer peer(shards, shard);
    for (std::size_t home = 0; home < 4; ++home) {
      std::string topic = shards.topic_at(home);
      topic.replace(topic.find(' '), 1, "%20");
      peer.sends(post("/topics/" + topic, "hi"));
      peer.settles();
      EXPECT_THAT(peer.take(), HasSubstr(absl::StrCat("\"offset\":", shard + 1, "}")));
    }
  }
}

}  // namespace
}  // namespace broker::shard
