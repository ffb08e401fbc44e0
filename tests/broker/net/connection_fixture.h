// SPDX-License-Identifier: Apache-2.0
// A connection on a scripted ring, with a stream that notes what it hears and does what the test says.
// Thread: one.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/net/connection.h"
#include "broker/net/tls.h"
#include "fake_ring.h"

namespace broker::net {

class NotingStream final : public Stream {
 public:
  // How many bytes it takes; may do anything to the connection. By default it takes all.
  std::function<std::size_t(std::string_view)> taking;
  std::function<void()> ending;
  std::vector<std::string> offered;  // each time
  std::string taken;
  std::vector<std::string> left;
  std::vector<proto::Reason> deaths;
  int ends = 0;
  int secured = 0;
  int progress = 0;

  void on_secured() noexcept override { ++secured; }
  std::size_t on_bytes(std::span<std::uint8_t> bytes) noexcept override {
    const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    EXPECT_FALSE(text.empty());
    expect_alive();
    offered.push_back(text);
    const std::size_t count = taking ? taking(text) : text.size();
    taken += text.substr(0, count);
    for (std::size_t i = 0; i < count; ++i) bytes[i] = 0xdd;  // what is taken may be changed, and must still be there
    return count;
  }
  void on_end() noexcept override {
    expect_alive();
    ++ends;
    if (ending) ending();
  }
  void on_left(const SharedBytes& bytes) noexcept override { left.push_back(bytes.bytes); }
  void on_progress() noexcept override {
    expect_alive();
    ++progress;
  }
  void on_dead(proto::Reason reason) noexcept override { deaths.push_back(reason); }

 private:
  void expect_alive() const { EXPECT_TRUE(deaths.empty()) << "called after on_dead"; }
};

struct NotingServices final : ConnectionServices {
  explicit NotingServices(io::Ring& ring_used) : ConnectionServices(ring_used) {}
  void on_handshake_due(Connection& connection) noexcept override { due.push_back(&connection); }
  void on_behind(Connection& connection) noexcept override { behind.push_back(&connection); }
  // A turn of the shard begins: its share of input is due to everyone in line.
  void next_turn() {
    ++turn;
    for (Connection* each : std::exchange(behind, {})) each->catch_up();
  }
  std::vector<Connection*> due;
  std::vector<Connection*> behind;
};

class ConnectionFixture : public testing::Test {
 protected:
  static constexpr int fd = 7;
  using State = Connection::State;
  using Type = io::Operation::Type;

  ~ConnectionFixture() override {
    if (connection == nullptr || connection->state() == State::dead) return;
    connection->abort(proto::Reason::going_away);
    join();
    EXPECT_EQ(stream.deaths.size(), 1u);
  }

  void start(std::unique_ptr<Tls> tls = nullptr) {
    connection = std::make_unique<Connection>(services, stream, fd, std::move(tls));
    connection->start();
  }
  // The kernel lets go of what is left.
  void join() {
    if (ring.receiving(fd)) ring.fail_receive(fd, ECANCELED);
    if (ring.sending(fd)) ring.fail_send(fd, ECANCELED);
    ring.turn();
  }
  void receive(std::string_view bytes, bool more = true) {
    ring.complete_receive(fd, bytes, more);
    ring.turn();
    do services.next_turn();
    while (!services.behind.empty());
  }
  void end_of_stream() {
    ring.end_of_stream(fd);
    ring.turn();
  }
  void send(std::string_view bytes) {
    connection->send_answer(std::string(bytes));
    connection->flush();
  }
  void complete_send(std::size_t bytes = SIZE_MAX) {
    ring.complete_send(fd, bytes);
    ring.turn();
    connection->flush();
  }
  void expect_closed(proto::Reason reason, bool reset = false) {
    EXPECT_EQ(connection->state(), State::dead);
    EXPECT_THAT(stream.deaths, testing::ElementsAre(reason));
    EXPECT_TRUE(ring.closed(fd));
    EXPECT_EQ(ring.reset(fd), reset);
    EXPECT_EQ(ring.held_count(), 0u);
  }

  fakes::FakeRing ring;
  NotingServices services{ring};
  NotingStream stream;
  std::unique_ptr<Connection> connection;
};

}  // namespace broker::net
