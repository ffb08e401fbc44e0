// SPDX-License-Identifier: Apache-2.0
// Messages of a topic reach those of its own subscribers alone whom they are for: WAMP's exclusions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stream_sockets.h"

namespace broker::shard {
namespace {

// "=1!2" as an audience of members whose names are one character.
std::string members(std::string_view text) {
  std::string made;
  for (; text.size() >= 2; text.remove_prefix(2)) {
    proto::append_member(made, static_cast<proto::Sign>(text[0]), text.substr(1, 1));
  }
  return made;
}

class TopicAudiences : public StreamsOfShards {
 protected:
  Socket& subscribed(std::size_t shard, const std::string& name, const std::string& topic,
                     const topics::ReadFrom& from = {}) {
    Socket& one = socket(shard, name);
    one.connect(from, websocket, topic);
    shards.settle();
    if (name != "none") shards[shard % GetParam()].router.join(*one.subscription, name);
    return one;
  }
  void publish(std::size_t shard, const std::string& topic, const std::string& content, std::string_view to = {}) {
    const std::string whom = members(to);
    (void)shards[shard].router.publish({}, 0, {.topic = topic, .event = {}, .content = content, .audience = whom});
  }
};

TEST_P(TopicAudiences, ReachThoseWhomAMessageIsFor) {
  const char* const names[] = {"1", "2", "3", "none"};  // the last is named by nobody: it speaks another dialect
  const struct {
    std::string_view to;
    std::vector<std::string_view> reached;
  } cases[] = {
      {"", {"1", "2", "3", "none"}},
      {"!1", {"2", "3", "none"}},
      {"!1!3", {"2", "none"}},
      {"!9", {"1", "2", "3", "none"}},
      {"=1", {"1"}},
      {"=1=2", {"1", "2"}},
      {"=1=2!1", {"2"}},
      {"=9", {}},
      {"@1", {"1", "2", "3", "none"}},
      {"@1!1", {"2", "3", "none"}},
      {"+1", {"1", "2", "3", "none"}},
      {"-1", {"1", "2", "3", "none"}},
  };
  for (const std::string topic : {"plain", "a"}) {  // under no stream, and under one
    std::vector<Socket*> all;
    for (std::size_t i = 0; i < 4; ++i) all.push_back(&subscribed(i, names[i], topic));
    for (std::size_t from = 0; from < GetParam(); ++from) {
      for (const auto& each : cases) {
        SCOPED_TRACE(topic + " " + std::string(each.to));
        for (Socket* one : all) one->runs.clear();
        publish(from, topic, "x", each.to);
        shards.settle();
        for (std::size_t i = 0; i < 4; ++i) {
          const bool reached = std::ranges::find(each.reached, names[i]) != each.reached.end();
          EXPECT_EQ(all[i]->runs.size(), reached ? 1u : 0u) << names[i];
        }
      }
    }
  }
}

TEST_P(TopicAudiences, AreNoSecretToTheOrder) {
  Socket& one = subscribed(0, "1", "plain");
  Socket& two = subscribed(1, "2", "plain");
  publish(0, "plain", "a");
  publish(0, "plain", "b", "!1");
  publish(0, "plain", "c", "=1");
  publish(0, "plain", "d");
  shards.settle();
  EXPECT_EQ(one.heard, "0=a;0=c;0=d;");
  EXPECT_EQ(two.heard, "0=a;0=b;0=d;");
}

TEST_P(TopicAudiences, HoldForWhatIsReplayed) {
  for (const char* to : {"", "!1", "=1"}) publish(0, "plain", to, to);
  shards.settle();
  Socket& other = subscribed(0, "none", "plain", {.from = topics::ReadFrom::From::last, .epoch = {}, .value = 10});
  EXPECT_EQ(other.heard, "0=;0=!1;") << "nobody who has just come is named yet";
}

TEST_P(TopicAudiences, EndWithTheSubscription) {
  Socket& one = subscribed(0, "1", "plain");
  Socket& two = subscribed(0, "2", "plain");
  one.disconnect();
  publish(0, "plain", "x", "=1");
  publish(0, "plain", "y", "!1");
  shards.settle();
  EXPECT_EQ(two.heard, "0=y;");
}

INSTANTIATE_TEST_SUITE_P(Shards, TopicAudiences, testing::Values(ShardIndex{1}, ShardIndex{3}), [](const auto& shards) {
  return absl::StrCat(shards.param, shards.param == 1 ? "Shard" : "Shards");
});

}  // namespace
}  // namespace broker::shard
