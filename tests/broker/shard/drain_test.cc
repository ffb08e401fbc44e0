// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/drain.h"

#include <gtest/gtest.h>

#include "peer.h"

namespace broker::shard {
namespace {

class Draining : public testing::Test {
 protected:
  void connect(int count) {
    for (int i = 0; i < count; ++i) {
      peers.push_back(std::make_unique<Peer>(shards));
      peers.back()->opens("/ws");
    }
  }
  int told() {
    int seen = 0;
    for (auto& peer : peers) {
      peer->settles();
      seen += peer->sees_fin();
    }
    return seen;
  }

  Shards shards;
  Drain drain{shards[0].clients, shards[0].timers, shards[0].now};
  std::vector<std::unique_ptr<Peer>> peers;
};

TEST_F(Draining, TellsClientsEvenlyOverItsDuration) {
  connect(10);
  shards[0].services.draining = true;
  drain.begin(10s);
  EXPECT_LE(told(), 1);
  shards.pass(5s);
  EXPECT_NEAR(told(), 5, 1);
  shards.pass(4800ms);
  EXPECT_NEAR(told(), 10, 1);
  shards.pass(300ms);
  EXPECT_EQ(told(), 10);
  for (auto& peer : peers) {
    const std::vector<fakes::FrameSeen> seen = peer->take_frames();
    ASSERT_EQ(seen.size(), 1u);
    EXPECT_EQ(seen[0].payload.substr(0, 2), std::string("\x03\xe9")) << "1001";
    peer->ends_input();
    peer->settles();
  }
  EXPECT_EQ(shards[0].clients.size(), 0u);
}

TEST_F(Draining, TellsAllAtOnceWhenThereIsNoTime) {
  connect(10);
  drain.begin(0s);
  EXPECT_EQ(told(), 10);
}

TEST_F(Draining, CutsWhoDoesNotGo) {
  connect(2);
  drain.begin(0s);
  shards.settle();  // nobody takes the close frame
  shards.pass(7s);
  EXPECT_EQ(shards[0].clients.size(), 0u);
  EXPECT_TRUE(peers[0]->was_reset());
}

TEST_F(Draining, AnswersARequestThatIsUnderWay) {
  peers.push_back(std::make_unique<Peer>(shards));
  peers[0]->sends("POST /topics/t HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nh");
  shards.settle();
  shards[0].services.draining = true;
  drain.begin(0s);
  peers[0]->settles();
  EXPECT_FALSE(peers[0]->sees_fin());
  peers[0]->sends("i");
  peers[0]->settles();
  const std::string answer = peers[0]->take();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);
  EXPECT_TRUE(peers[0]->sees_fin());
}

}  // namespace
}  // namespace broker::shard
