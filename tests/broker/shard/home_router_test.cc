// SPDX-License-Identifier: Apache-2.0
// Homes and routers together over a mesh, with recipients in the place of clients.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "shards.h"

namespace broker::shard {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

int encoded = 0;  // how often a message was encoded

constexpr proto::WireFormat plain{"plain",
                                  [](const proto::WireFormat&, const proto::Message& message, std::string& out) {
                                    ++encoded;
                                    out += absl::StrCat(message.offset, "=", std::string(message.content), ";");
                                  }};
constexpr proto::WireFormat loud{"loud", [](const proto::WireFormat&, const proto::Message& message, std::string& out) {
                                   ++encoded;
                                   if (message.kind == proto::Kind::binary) return;  // has no way to say it
                                   out += absl::StrCat(message.offset, "!", std::string(message.content), ";");
                                 }};

class NotingRecipient final : public Recipient {
 public:
  explicit NotingRecipient(OneShard& where) : shard(where) {}

  void deliver(const net::SharedBytesRef& run) noexcept override {
    runs.push_back(run);
    heard += run->bytes;
    events.push_back("delivery");
  }
  void on_published(proto::Tag, const proto::Published& published, std::uint32_t bytes) noexcept override {
    acknowledged.push_back(published.offset);
    acknowledged_bytes += bytes;
    events.push_back("acknowledgement");
  }
  void on_page(proto::Tag serial, ReadPage& page) noexcept override {
    pages.push_back(page.offset);
    if (subscription != nullptr && (subscription->beginning == nullptr || subscription->beginning->serial != serial))
      return;  // the answer to one that was given up
    for (const topics::MessageRef& each : page.messages) shard.router.encode(*each, *format, 1, heard);
    if (subscription != nullptr && !page.more) shard.router.make_live(*subscription);
  }

  void subscribe(std::string_view topic, const proto::WireFormat& wanted = plain, const topics::ReadFrom& from = {}) {
    format = &wanted;
    subscription = &shard.router.subscribe(*this, topic, wanted, 0);
    subscription->beginning->serial = ++last_serial;
    (void)shard.router.read_for(*subscription, id, from, 1000);
  }
  void unsubscribe() { shard.router.unsubscribe(*std::exchange(subscription, nullptr)); }
  void publish(std::string_view topic, std::string_view content, proto::Kind kind = proto::Kind::text) {
    (void)shard.router.publish(id, 0, {.topic = topic, .event = {}, .kind = kind, .content = content});
  }

  OneShard& shard;
  ClientId id;
  const proto::WireFormat* format = &plain;
  topics::Subscription* subscription = nullptr;
  std::uint64_t last_serial = 0;
  std::vector<net::SharedBytesRef> runs;
  std::string heard;
  std::vector<std::string> events;
  std::vector<std::uint64_t> acknowledged;
  std::size_t acknowledged_bytes = 0;
  std::vector<std::uint64_t> pages;
};

class Mesh4 : public testing::TestWithParam<ShardIndex> {
 protected:
  ~Mesh4() override {
    for (NotingRecipient* each : recipients) {
      if (each->subscription != nullptr) each->unsubscribe();
      each->shard.clients.destroy(each->id);
    }
    shards.settle();
  }
  static ShardsOptions options() {
    ShardsOptions made;
    made.shards = GetParam();
    return made;
  }
  NotingRecipient& recipient(std::size_t shard) {
    OneShard& where = shards[shard % GetParam()];
    auto made = std::make_unique<NotingRecipient>(where);
    NotingRecipient& one = *made;
    one.id = where.clients.reserve();
    where.clients.put(one.id, std::move(made));
    recipients.push_back(&one);
    return one;
  }

  Shards shards{options()};
  std::vector<NotingRecipient*> recipients;
};

TEST_P(Mesh4, DeliversToEveryShardThatHasASubscriberAndToNoOther) {
  for (std::size_t home = 0; home < GetParam(); ++home) {
    const std::string topic = shards.topic_at(home);
    NotingRecipient& one = recipient(0);
    NotingRecipient& two = recipient(1);
    NotingRecipient& other = recipient(2);
    NotingRecipient& publisher = recipient(3);
    one.subscribe(topic);
    two.subscribe(topic);
    other.subscribe("another topic");
    shards.settle();
    publisher.publish(topic, "a");
    publisher.publish(topic, "b");
    shards.settle();
    EXPECT_EQ(one.heard, "1=a;2=b;");
    EXPECT_EQ(two.heard, "1=a;2=b;");
    EXPECT_EQ(other.heard, "");
    EXPECT_THAT(publisher.acknowledged, ElementsAre(1, 2));
    EXPECT_EQ(publisher.acknowledged_bytes, 2u);
    for (NotingRecipient* each : {&one, &two, &other}) each->unsubscribe();
  }
}

TEST_P(Mesh4, DeliversBeforeItAcknowledges) {
  for (std::size_t home = 0; home < GetParam(); ++home) {
    const std::string topic = shards.topic_at(home);
    NotingRecipient& both = recipient(home + 1);
    both.subscribe(topic);
    shards.settle();
    for (int i = 0; i < 3; ++i) both.publish(topic, "x");
    shards.settle();
    ASSERT_EQ(both.events.front(), "delivery");
    const auto first_acknowledgement = std::find(both.events.begin(), both.events.end(), "acknowledgement");
    EXPECT_EQ(std::find(first_acknowledgement, both.events.end(), "delivery"), both.events.end());
    EXPECT_THAT(both.acknowledged, ElementsAre(1, 2, 3));
  }
}

TEST_P(Mesh4, GivesAllPublishersOneOrder) {
  const std::string topic = "contended";
  std::vector<NotingRecipient*> subscribers;
  for (std::size_t i = 0; i < 4; ++i) {
    subscribers.push_back(&recipient(i));
    subscribers.back()->subscribe(topic);
  }
  shards.settle();
  std::mt19937 random(1);
  for (int i = 0; i < 400; ++i) {
    subscribers[random() % 4]->publish(topic, std::to_string(i));
    if (random() % 5 == 0) shards[random() % GetParam()].turn();
  }
  shards.settle();
  std::multiset<std::uint64_t> acknowledged;
  for (NotingRecipient* each : subscribers) {
    EXPECT_EQ(each->heard, subscribers[0]->heard);
    acknowledged.insert(each->acknowledged.begin(), each->acknowledged.end());
  }
  EXPECT_EQ(acknowledged.size(), 400u);
  EXPECT_EQ(std::set(acknowledged.begin(), acknowledged.end()).size(), 400u);
  std::uint64_t offset = 0;
  std::string_view rest = subscribers[0]->heard;
  while (!rest.empty()) {
    const std::string expected = std::to_string(++offset) + "=";
    ASSERT_TRUE(rest.starts_with(expected)) << offset;
    rest.remove_prefix(rest.find(';') + 1);
  }
  EXPECT_EQ(offset, 400u);
}

TEST_P(Mesh4, EncodesOnceAFormatAndSharesTheBytes) {
  std::vector<NotingRecipient*> plains;
  for (int i = 0; i < 10; ++i) plains.push_back(&recipient(0));
  for (NotingRecipient* each : plains) each->subscribe("t", plain);
  NotingRecipient& another = recipient(0);
  another.subscribe("t", loud);
  shards.settle();
  encoded = 0;
  for (const char* content : {"a", "b", "c"}) plains[0]->publish("t", content);
  shards.settle();
  EXPECT_EQ(encoded, 6);
  for (NotingRecipient* each : plains) {
    ASSERT_EQ(each->runs.size(), 1u) << "all of a turn in one run";
    EXPECT_EQ(&*each->runs[0], &*plains[0]->runs[0]);
  }
  const net::SharedBytes& run = *plains[0]->runs[0];
  EXPECT_EQ(run.bytes, "1=a;2=b;3=c;");
  EXPECT_EQ(run.first_offset, 1u);
  EXPECT_EQ(run.messages, 3u);
  EXPECT_EQ(run.use, net::SharedBytes::Use::delivery);
  EXPECT_EQ(another.heard, "1!a;2!b;3!c;");
}

TEST_P(Mesh4, SplitsRunsThatGrowTooLong) {
  NotingRecipient& one = recipient(1);
  one.subscribe("t");
  shards.settle();
  const std::string content(20 * 1024, 'x');
  for (int i = 0; i < 20; ++i) one.publish("t", content);
  shards.settle();
  std::uint64_t next = 1;
  for (const net::SharedBytesRef& run : one.runs) {
    EXPECT_LE(run->bytes.size(), config::limits::run_bytes_max + 64);
    EXPECT_EQ(run->first_offset, next);
    next += run->messages;
  }
  EXPECT_EQ(next, 21u);
  EXPECT_LT(one.runs.size(), 20u) << "and yet they are shared sends";
}

TEST_P(Mesh4, SkipsWhatAFormatCannotCarry) {
  NotingRecipient& one = recipient(0);
  one.subscribe("t", loud);
  shards.settle();
  one.publish("t", "bytes", proto::Kind::binary);
  shards.settle();
  EXPECT_THAT(one.runs, IsEmpty());
  one.publish("t", "a");
  one.publish("t", "bytes", proto::Kind::binary);
  shards.settle();
  EXPECT_EQ(one.heard, "2!a;");
  EXPECT_THAT(one.acknowledged, ElementsAre(1, 2, 3));
  EXPECT_EQ(one.shard.metrics.deliveries_dropped[proto::Reason::undeliverable].value(), 2u);
  EXPECT_EQ(one.shard.log.waiting(), 1u) << "one line a minute";
}

TEST_P(Mesh4, BringsEarlierMessagesToALateSubscriberOnce) {
  NotingRecipient& early = recipient(0);
  NotingRecipient& late = recipient(1);
  early.subscribe("t");
  early.publish("t", "a");
  shards.settle();
  early.publish("t", "b");
  late.subscribe("t", plain, {.from = topics::ReadFrom::From::after, .epoch = {}, .value = 0});
  early.publish("t", "c");
  shards.settle();
  EXPECT_EQ(early.heard, "1=a;2=b;3=c;");
  EXPECT_EQ(late.heard, "1=a;2=b;3=c;");
}

TEST_P(Mesh4, DropsAnAnswerToAClientThatIsGone) {
  NotingRecipient& gone = recipient(0);
  gone.publish("t", "a");
  (void)gone.shard.router.read(gone.id, 7, "t", {}, 10);
  const ClientId id = gone.id;
  gone.shard.clients.destroy(id);
  recipients.clear();
  NotingRecipient& successor = recipient(0);
  EXPECT_EQ(successor.id.slot, id.slot) << "the slot's next tenant";
  shards.settle();
  EXPECT_THAT(successor.events, IsEmpty());
  EXPECT_THAT(successor.pages, IsEmpty());
}

TEST_P(Mesh4, SendsNothingMoreToAShardThatHasLeft) {
  const std::string topic = shards.topic_at(0);
  NotingRecipient& one = recipient(1);
  NotingRecipient& publisher = recipient(0);
  one.subscribe(topic);
  shards.settle();
  publisher.publish(topic, "a");
  one.unsubscribe();  // with the message on its way
  shards.settle();
  EXPECT_EQ(one.heard, "");
  publisher.publish(topic, "b");
  for (int i = 0; i < 3; ++i) shards[0].turn();
  EXPECT_THAT(publisher.acknowledged, ElementsAre(1, 2));
  if (GetParam() > 1) {
    EXPECT_FALSE(one.shard.post.anything_waiting(true));
  }
  one.subscribe(topic);
  shards.settle();
  publisher.publish(topic, "c");
  shards.settle();
  EXPECT_EQ(one.heard, "3=c;");
}

// Subscriptions come and go on all shards while messages flow: whoever is live misses nothing and hears nothing twice.
TEST_P(Mesh4, LosesNothingToRacesOfLeavingAndSubscribing) {
  for (unsigned seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const std::string topic = "race " + std::to_string(seed);
    std::vector<NotingRecipient*> racers;
    for (std::size_t i = 0; i < 6; ++i) racers.push_back(&recipient(i));
    NotingRecipient& publisher = recipient(random());
    std::uint64_t published = 0;
    const auto check = [](const NotingRecipient& racer) {
      // What it heard of this subscription is one stretch of offsets.
      std::string_view rest = racer.heard;
      std::uint64_t expected = 0;
      while (!rest.empty()) {
        const std::uint64_t offset = std::stoull(std::string(rest.substr(0, rest.find('='))));
        ASSERT_TRUE(expected == 0 || offset == expected) << racer.heard;
        expected = offset + 1;
        rest.remove_prefix(rest.find(';') + 1);
      }
    };
    for (int step = 0; step < 300; ++step) {
      const auto what = random() % 10;
      if (what < 3) {
        publisher.publish(topic, "x");
        ++published;
      } else if (what < 5) {
        NotingRecipient& racer = *racers[random() % racers.size()];
        if (racer.subscription != nullptr) {
          racer.unsubscribe();
          check(racer);
        } else {
          racer.heard.clear();
          racer.pages.clear();
          racer.subscribe(topic);
        }
      } else {
        shards[random() % GetParam()].turn();
      }
      if (HasFatalFailure()) return;
    }
    shards.settle();
    publisher.publish(topic, "last");
    ++published;
    shards.settle();
    for (NotingRecipient* racer : racers) {
      check(*racer);
      if (racer->subscription == nullptr) continue;
      EXPECT_TRUE(racer->heard.ends_with(absl::StrCat(published, "=last;"))) << racer->heard;
      racer->unsubscribe();
    }
  }
}

TEST_P(Mesh4, StopsTakingInPublishesWhileADestinationIsStuckAndLosesNone) {
  if (GetParam() < 2) GTEST_SKIP() << "a shard alone is never stuck behind itself";
  const std::string topic = shards.topic_at(0);
  NotingRecipient& stuck = recipient(1);
  NotingRecipient& publisher = recipient(0);
  stuck.subscribe(topic);
  shards.settle();
  const std::string content(32 * 1024, 'x');
  constexpr std::uint64_t messages = config::limits::mailbox_entries + 1000;
  for (std::uint64_t i = 0; i < messages; ++i) {
    publisher.publish(topic, content);
    if (i % 64 == 0) shards[0].turn();
  }
  for (int i = 0; i < 20; ++i) shards[0].turn();
  EXPECT_TRUE(shards[0].post.deliveries_congested());
  EXPECT_LT(publisher.acknowledged.size(), messages);
  const std::size_t acknowledged = publisher.acknowledged.size();
  for (int i = 0; i < 5; ++i) shards[0].turn();
  EXPECT_EQ(publisher.acknowledged.size(), acknowledged) << "nothing is taken in meanwhile";
  stuck.runs.clear();
  shards.settle();
  EXPECT_EQ(publisher.acknowledged.size(), messages);
  std::uint64_t next = 1;
  for (const net::SharedBytesRef& run : stuck.runs) {
    EXPECT_EQ(run->first_offset, next);
    next += run->messages;
  }
  EXPECT_EQ(next, messages + 1);
}

TEST_P(Mesh4, PagesLongReads) {
  NotingRecipient& one = recipient(0);
  const std::string content(300 * 1024, 'x');
  for (int i = 0; i < 10; ++i) one.publish("t", content);
  shards.settle();
  one.heard.clear();
  (void)one.shard.router.read(one.id, 1, "t", {.from = topics::ReadFrom::From::after, .epoch = {}, .value = 0}, 1000);
  shards.settle();
  EXPECT_THAT(one.pages, ElementsAre(10));
  EXPECT_LE(one.heard.size(), config::limits::page_bytes_max);
  EXPECT_GT(one.heard.size(), 600u * 1024) << "three fit";
}

TEST_P(Mesh4, CountsTopicsAndTheirLogs) {
  NotingRecipient& one = recipient(0);
  one.publish("a", "x");
  one.publish("b", "x");
  shards.settle();
  std::int64_t topics_count = 0;
  std::int64_t log_bytes = 0;
  for (auto& shard : shards.all) {
    topics_count += shard->metrics.topics.value();
    log_bytes += shard->metrics.log_bytes.value();
  }
  EXPECT_EQ(topics_count, 2);
  EXPECT_GT(log_bytes, 0);
  shards.pass(5min + 3s);
  log_bytes = 0;
  for (auto& shard : shards.all) log_bytes += shard->metrics.log_bytes.value();
  EXPECT_EQ(log_bytes, 0) << "log.age has passed";
}

INSTANTIATE_TEST_SUITE_P(Shards, Mesh4, testing::Range(ShardIndex{1}, ShardIndex{5}));

}  // namespace
}  // namespace broker::shard
