// SPDX-License-Identifier: Apache-2.0
// A shard's clients when another configuration comes into force.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "peer.h"

namespace broker::shard {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view too_large = "\x03\xf1";  // a close frame's payload: 1009, in network order

class Adopting : public testing::Test {
 protected:
  Shards shards;
  Peer peer{shards};
};

TEST_F(Adopting, GoesByNewRulesFromTheNextMessageOn) {
  peer.opens("/ws");
  Peer begun(shards);
  begun.opens("/topics/begun", "");
  begun.sends(masked(opcode_text, std::string(900, 'a'), false));
  Peer small(shards);
  small.opens("/topics/small", "");
  for (Peer* each : {&peer, &begun, &small}) each->settles();
  (void)small.take();

  config::Settings next = shards.shared.options.settings;
  next.limits.message_bytes = 1024;
  shards[0].services.adopt(Configuration{
      .settings = next, .keys = {}, .access = Access(next, {}), .identity = {}, .certificate = {}, .warning = {}});
  small.sends_text(std::string(1024, 'x'));
  peer.sends_text(absl::StrCat(R"({"id":1,"publish":{"topic":"t","data":")", std::string(1024, 'x'), "\"}}"));
  begun.sends(masked(0, std::string(900, 'b')));
  for (Peer* each : {&peer, &begun, &small}) each->settles();
  EXPECT_THAT(small.take_payloads(), ElementsAre(std::string(1024, 'x')));
  EXPECT_THAT(peer.take_payloads(), ElementsAre(StartsWith(too_large))) << "its frame is larger";
  EXPECT_THAT(begun.take_payloads(), ElementsAre(StartsWith(too_large))) << "its message is";
}

TEST_F(Adopting, MayPublishWhatTheNewRulesAllow) {
  ShardsOptions options;
  options.settings.dev = false;
  Shards strict(options);
  Peer one(strict);
  one.opens("/ws");
  one.sends_text(R"({"id":1,"publish":{"topic":"chat/a","data":1}})");
  one.settles();
  config::Settings next = options.settings;
  next.access.client_publish = {std::get<config::TopicPattern>(config::TopicPattern::parse("chat/*"))};
  strict[0].services.adopt(Configuration{
      .settings = next, .keys = {}, .access = Access(next, {}), .identity = {}, .certificate = {}, .warning = {}});
  one.sends_text(R"({"id":2,"publish":{"topic":"chat/a","data":1}})");
  one.settles();
  EXPECT_THAT(one.take_payloads(),
              ElementsAre(HasSubstr(R"("id":1,"error":{"code":403)"), R"({"id":2,"ok":{"offset":1}})"));
}

config::TopicPattern pattern(std::string_view text) {
  return std::get<config::TopicPattern>(config::TopicPattern::parse(text));
}

// A broker for others than its makers.
class Reading : public testing::Test {
 protected:
  static ShardsOptions options() {
    ShardsOptions made;
    made.settings.dev = false;
    made.settings.access.client_subscribe = {pattern("open/*"), pattern("news")};
    made.keys = {"a-key-of-the-backend"};
    return made;
  }
  void come_to(std::vector<config::TopicPattern> readable) {
    config::Settings next = shards[0].services.common.settings;
    next.access.client_subscribe = std::move(readable);
    shards[0].services.adopt(Configuration{
        .settings = next, .keys = {}, .access = Access(next, {}), .identity = {}, .certificate = {}, .warning = {}});
  }
  void publish(const std::string& topic) {
    (void)shards[0].router.publish({}, 0, {.topic = topic, .event = {}, .content = "x"});
  }
  std::size_t revoke() { return static_cast<Subscriber&>(*shards[0].clients.find(peer.id())).revoke_subscriptions(); }

  Shards shards{options()};
  Peer peer{shards};
};

TEST_F(Reading, IsForTheTopicsThatClientsMaySubscribeTo) {
  peer.opens("/ws");
  peer.sends_text(R"({"id":1,"subscribe":{"topic":"open/a"}})");
  peer.sends_text(R"({"id":2,"subscribe":{"topic":"open/a/b"}})");
  peer.sends_text(R"({"id":3,"subscribe":{"topic":"closed"}})");
  peer.settles();
  EXPECT_THAT(peer.take_payloads(),
              testing::UnorderedElementsAre(HasSubstr(R"("id":1,"ok")"), HasSubstr(R"("id":2,"error":{"code":403)"),
                                            HasSubstr(R"("id":3,"error":{"code":403)")));
  const auto get = [&](std::string_view topic, std::string_view headers = {}) {
    Peer other(shards);
    other.sends(absl::StrCat("GET /topics/", std::string(topic), " HTTP/1.1\r\nHost: localhost\r\n",
                             std::string(headers), "\r\n"));
    other.settles();
    return other.take().substr(0, 12);
  };
  EXPECT_EQ(get("news"), "HTTP/1.1 200");
  EXPECT_EQ(get("closed"), "HTTP/1.1 403");
  EXPECT_EQ(get("closed", "Authorization: Bearer a-key-of-the-backend\r\n"), "HTTP/1.1 200");
}

TEST_F(Reading, IsTakenAwayFromThoseWhoSubscribe) {
  peer.opens("/ws");
  for (const char* topic : {"open/a", "news"}) {
    peer.sends_text(absl::StrCat(R"({"subscribe":{"topic":")", topic, "\"}}"));
  }
  peer.settles();
  (void)peer.take();
  come_to({pattern("news")});
  EXPECT_EQ(revoke(), 1u);
  peer.settles();
  EXPECT_THAT(peer.take_payloads(), ElementsAre(StartsWith(R"({"topic":"open/a","error":{"code":403,)")));
  publish("open/a");
  publish("news");
  peer.settles();
  EXPECT_THAT(peer.take_payloads(), ElementsAre(HasSubstr(R"("topic":"news")")));
  EXPECT_EQ(revoke(), 0u);
}

TEST_F(Reading, IsTakenAwayAlsoFromOneThatIsNotAnsweredYet) {
  peer.opens("/ws");
  peer.sends_text(R"({"id":1,"subscribe":{"topic":"news"}})");
  come_to({});
  EXPECT_EQ(revoke(), 0u);
  peer.settles();
  EXPECT_THAT(peer.take_payloads(), ElementsAre(HasSubstr(R"("id":1,"error":{"code":403)")));
}

TEST_F(Reading, EndsWithTheConnectionWhereADialectHasNoWordsForIt) {
  peer.opens("/topics/news", "");
  come_to({});
  EXPECT_EQ(revoke(), 1u);
  peer.settles();
  EXPECT_THAT(peer.take_payloads(), ElementsAre(StartsWith("\x03\xf0"))) << "1008";
}

}  // namespace
}  // namespace broker::shard
