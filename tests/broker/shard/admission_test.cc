// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/admission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "broker/io/socket_number.h"

namespace broker::shard {
namespace {

using config::limits::refusals_at_once;
using proto::Reason;
using testing::Optional;

constexpr int fd = -1;  // of no address: all of these share one
constexpr std::int64_t budget = 1'000'000;
constexpr std::uint32_t slots = 3 + refusals_at_once;

class AdmissionTest : public testing::Test {
 protected:
  struct Client {
    ClientId id;
    Admitted admitted;
  };
  // A connection that stays, served or held to be told no; none where it is closed at once.
  std::optional<Client> come(int socket = fd) {
    const std::optional<Admitted> admitted = admission.admit(socket);
    if (!admitted) return std::nullopt;
    return Client{clients.reserve(), *admitted};
  }
  // Why the next one is refused; it goes at once.
  std::optional<Reason> refused(int socket = fd) {
    const Client client = come(socket).value();
    go(client);
    return client.admitted.refused;
  }
  void go(const Client& client) {
    clients.destroy(client.id);
    admission.leave(client.admitted);
  }
  std::uint64_t rejected(Reason reason) { return metrics.connections_rejected[reason].value(); }

  config::Limits limits;
  ConnectionCount connections{5};
  std::unique_ptr<AddressCounts> addresses = std::make_unique<AddressCounts>(1);
  ClientTable clients;
  Memory memory{budget};
  base::ShardMetrics metrics;
  Admission admission{
      {.connections = &connections, .addresses = addresses.get()}, slots, limits, clients, memory, metrics};
};

TEST_F(AdmissionTest, AsksEachLimit) {
  struct Case {
    const char* limit;
    std::function<void()> set;
    int let_in;
    Reason reason;
  };
  const std::vector<Case> cases = {
      {"of the shard", [&] { limits.shard_connections = 3; }, 3, Reason::too_many_connections},
      {"of the address", [&] { limits.address_connections = 2; }, 2, Reason::too_many_from_address},
      {"of the process", [] {}, 5, Reason::too_many_connections},
      {"of both, the lower", [&] { limits = {.shard_connections = 4, .address_connections = 3}; }, 3,
       Reason::too_many_from_address},
      {"of the shard, above the process's", [&] { limits.shard_connections = 100; }, 5, Reason::too_many_connections}};
  for (const Case& each : cases) {
    SCOPED_TRACE(each.limit);
    limits = {};
    each.set();
    for (int round = 0; round < 3; ++round) {  // what went is given back, each time
      std::vector<Client> in;
      for (int i = 0; i < each.let_in; ++i) {
        in.push_back(come().value());
        ASSERT_EQ(in.back().admitted.refused, std::nullopt) << i;
      }
      for (int i = 0; i < 3; ++i) EXPECT_THAT(refused(), Optional(each.reason));
      for (const Client& client : in) go(client);
    }
  }
}

TEST_F(AdmissionTest, ChangesWithALimitThatIsReloaded) {
  const Client first = come().value();
  limits.shard_connections = 1;
  EXPECT_THAT(refused(), Optional(Reason::too_many_connections)) << "who is in stays in";
  limits.address_connections = 1;
  limits.shard_connections = 0;
  EXPECT_EQ(refused(), std::nullopt) << "who came before it was counted is not";
  go(first);
}

TEST_F(AdmissionTest, RefusesNewcomersWhereMemoryIsShort) {
  memory.own = budget * 9 / 10;
  memory.look({});
  EXPECT_THAT(refused(), Optional(Reason::shed_connection));
  memory.own = 0;
  memory.look({});
  EXPECT_EQ(refused(), std::nullopt);
}

TEST_F(AdmissionTest, TellsAFewAndClosesTheRestWithoutAWord) {
  limits.shard_connections = 1;
  const Client inside = come().value();
  std::vector<Client> told;
  for (std::uint32_t i = 0; i < refusals_at_once; ++i) told.push_back(come().value());
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(come());
  EXPECT_EQ(rejected(Reason::too_many_connections), 4u) << "those who are told count when they are";
  EXPECT_EQ(metrics.connections_closed[Reason::too_many_connections].value(), 4u);
  go(told.back());
  EXPECT_THAT(refused(), Optional(Reason::too_many_connections)) << "room for one more to be told";
  told.pop_back();
  go(inside);
  EXPECT_EQ(refused(), std::nullopt) << "those who are only told are not among those within";
  for (const Client& each : told) go(each);
}

TEST_F(AdmissionTest, TakesNothingForWhoIsRefused) {
  limits.address_connections = 4;
  std::vector<Client> in;
  for (int i = 0; i < 4; ++i) in.push_back(come().value());
  for (int i = 0; i < 10; ++i) EXPECT_THAT(refused(), Optional(Reason::too_many_from_address));
  EXPECT_TRUE(connections.enter()) << "there is one left of five";
  EXPECT_FALSE(connections.enter());
  limits.address_connections = 5;
  for (int i = 0; i < 10; ++i) EXPECT_THAT(refused(), Optional(Reason::too_many_connections));
  connections.leave();
  EXPECT_EQ(refused(), std::nullopt) << "its address still has room for the fifth";
  for (const Client& each : in) go(each);
}

// However unevenly the kernel spreads what connects: one shard may hold all that the process can.
TEST_F(AdmissionTest, SharesWhatTheProcessMayHoldWithOtherShards) {
  Admission other{{.connections = &connections, .addresses = nullptr}, slots, limits, clients, memory, metrics};
  std::vector<Client> here;
  for (int i = 0; i < 4; ++i) here.push_back(come().value());
  const Admitted there = other.admit(fd).value();
  EXPECT_EQ(there.refused, std::nullopt);
  EXPECT_THAT(refused(), Optional(Reason::too_many_connections));
  other.leave(there);
  EXPECT_EQ(refused(), std::nullopt);
  for (const Client& each : here) go(each);
}

// Slots take nothing of what the process may open; those who are refused have some to be told so.
TEST_F(AdmissionTest, LetsInAsManySlotsAsTheRingHas) {
  limits.address_connections = 1;  // a slot has no address
  std::vector<Client> here;
  for (int i = 0; i < 3; ++i) {
    here.push_back(come(io::socket_in_slot(i)).value());
    ASSERT_EQ(here.back().admitted.refused, std::nullopt) << i;
  }
  EXPECT_THAT(refused(io::socket_in_slot(3)), Optional(Reason::too_many_connections));
  EXPECT_EQ(refused(), std::nullopt) << "a descriptor";
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(connections.enter());
  go(here.back());
  EXPECT_EQ(refused(io::socket_in_slot(2)), std::nullopt);
  limits.shard_connections = 2;
  EXPECT_THAT(refused(io::socket_in_slot(2)), Optional(Reason::too_many_connections));
  here.pop_back();
  for (const Client& client : here) go(client);
}

TEST(ConnectionCount, IsExactWhoeverCounts) {
  ConnectionCount connections(100);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5000; ++i) {
        if (connections.enter()) connections.leave();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(connections.enter());
  EXPECT_FALSE(connections.enter());
}

}  // namespace
}  // namespace broker::shard
