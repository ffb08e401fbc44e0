// SPDX-License-Identifier: Apache-2.0
// Subscribers that lose their connection and resume, on whatever shard they land, while messages are published and
// every turn, send and page may come in between: no gap and no repeat. Seeded; a seed that fails fails again.
#include <gtest/gtest.h>

#include <random>

#include "peer.h"

namespace broker::shard {
namespace {

// Reads what a native subscriber is sent, in pieces of any size.
class Follower {
 public:
  Follower(Shards& shards, std::mt19937& random, std::string topic)
      : shards_(shards), random_(random), topic_(std::move(topic)) {}

  [[nodiscard]] bool connected() const { return peer_ != nullptr; }
  [[nodiscard]] std::uint64_t last() const { return last_; }
  [[nodiscard]] bool live() const { return answered_; }
  Peer& peer() { return *peer_; }

  void connect() {
    peer_ = std::make_unique<Peer>(shards_, random_() % shards_.all.size());
    unread_.clear();
    upgraded_ = answered_ = false;
    peer_->sends(
        "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
        "13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: kodama.v1.json\r\n\r\n");
    const std::string from = epoch_.empty() ? "" : absl::StrCat(",\"epoch\":\"", epoch_, "\",\"offset\":", last_);
    peer_->sends_text(absl::StrCat("{\"id\":1,\"subscribe\":{\"topic\":\"", topic_, "\"", from, "}}"));
  }
  void drop() {
    read();
    random_() % 2 == 0 ? peer_->resets() : peer_->ends_input();
    peer_.reset();
  }
  void read() {
    unread_ += peer_->take();
    if (!upgraded_) {
      const std::size_t end = unread_.find("\r\n\r\n");
      if (end == std::string::npos) return;
      ASSERT_TRUE(unread_.starts_with("HTTP/1.1 101 ")) << unread_;
      unread_.erase(0, end + 4);
      upgraded_ = true;
    }
    while (unread_.size() >= 2) {
      std::size_t header = 2;
      std::size_t length = static_cast<unsigned char>(unread_[1]);
      if (length == 126) {
        if (unread_.size() < 4) return;
        length = static_cast<unsigned char>(unread_[2]) * 256u + static_cast<unsigned char>(unread_[3]);
        header = 4;
      }
      if (unread_.size() < header + length) return;
      hear(unread_.substr(header, length));
      if (testing::Test::HasFatalFailure()) return;
      unread_.erase(0, header + length);
    }
  }

 private:
  static std::uint64_t number(const std::string& text, std::string_view key) {
    const std::size_t at = text.find(key);
    return at == std::string::npos ? 0 : std::stoull(text.substr(at + key.size()));
  }
  void hear(const std::string& text) {
    if (text.find("\"ok\"") != std::string::npos) {
      ASSERT_FALSE(answered_);
      answered_ = true;
      const std::size_t epoch = text.find("\"epoch\":\"") + 9;
      if (epoch_.empty()) {
        last_ = number(text, "\"offset\":");
      } else {
        ASSERT_NE(text.find("\"recovered\":true"), std::string::npos) << text;
        ASSERT_GE(number(text, "\"offset\":"), last_) << text;
      }
      epoch_ = text.substr(epoch, 16);
      return;
    }
    ASSERT_NE(text.find("\"data\""), std::string::npos) << text;
    ASSERT_TRUE(answered_) << text;
    ASSERT_EQ(number(text, "\"offset\":"), last_ + 1) << text;
    ++last_;
  }

  Shards& shards_;
  std::mt19937& random_;
  const std::string topic_;
  std::unique_ptr<Peer> peer_;
  std::string unread_;
  std::string epoch_;
  std::uint64_t last_ = 0;
  bool upgraded_ = false;
  bool answered_ = false;
};

class Resume : public testing::TestWithParam<unsigned> {};

TEST_P(Resume, LosesNothingAndRepeatsNothing) {
  std::mt19937 random(GetParam());
  ShardsOptions options;
  options.shards = static_cast<ShardIndex>(1 + random() % 4);
  options.log.messages = 100'000;
  Shards shards(options);
  const std::string topic = "followed";
  const auto publish = [&](std::uint64_t count) {
    Router& router = shards[random() % options.shards].router;
    for (std::uint64_t i = 0; i < count; ++i) {
      (void)router.publish({}, 0, {.topic = topic, .event = {}, .kind = proto::Kind::text, .content = "content"});
    }
  };

  std::vector<std::unique_ptr<Follower>> followers;
  for (int i = 0; i < 4; ++i) followers.push_back(std::make_unique<Follower>(shards, random, topic));
  for (int step = 0; step < 1500 && !HasFatalFailure(); ++step) {
    SCOPED_TRACE(step);
    Follower& one = *followers[random() % followers.size()];
    const auto what = random() % 100;
    if (what < 8) {
      publish(1 + random() % 5);
    } else if (what < 9) {
      publish(random() % 400);  // more than a page
    } else if (what < 13) {
      one.connected() ? one.drop() : one.connect();
    } else if (what < 55) {
      if (!one.connected()) continue;
      one.peer().deliver();
      (void)one.peer().takes(random() % 3 == 0 ? 1 + random() % 200 : SIZE_MAX);
      one.read();
    } else {
      shards[random() % options.shards].turn();
    }
  }
  std::uint64_t newest = 0;
  for (auto& follower : followers) {
    if (HasFatalFailure()) return;
    if (!follower->connected()) follower->connect();
    follower->peer().settles();
  }
  publish(1);
  for (int round = 0; round < 2; ++round) {
    for (auto& follower : followers) {
      follower->peer().settles();
      follower->read();
      newest = std::max(newest, follower->last());
    }
  }
  for (auto& follower : followers) {
    EXPECT_TRUE(follower->live());
    EXPECT_EQ(follower->last(), newest);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Resume, testing::Range(0u, 20u));

}  // namespace
}  // namespace broker::shard
