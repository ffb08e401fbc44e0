// SPDX-License-Identifier: Apache-2.0
// Sockets that are slots of their ring's table: what Ring promises of descriptors holds of them too, as their peers see
// it, and nothing is left of them.
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <vector>

#include "absl/strings/str_format.h"
#include "broker/io/socket_number.h"
#include "gmock/gmock.h"
#include "uring_fixture.h"

namespace broker::io {
namespace {

using std::chrono::milliseconds;
using ::testing::AnyOf;
using ::testing::Each;
using ::testing::ElementsAre;
using testing::Listener;
using testing::Recorder;
using ::testing::StartsWith;
using testing::UringTest;

// A client's view. Waits for what it reads, ten seconds at most.
class Client {
 public:
  explicit Client(const Listener& listener) : fd_(listener.connect()) {
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    KODAMA_CHECK(::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
  }
  void writes(std::string_view bytes) const {
    KODAMA_CHECK(::write(fd_.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  }
  // All that comes, and what comes behind it: "end" or an errno.
  std::string reads_to_end() {
    std::string buffer(1 << 20, '\0');
    ssize_t got = 0;
    while ((got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0)) > 0 || (got < 0 && errno == EINTR))
      if (got > 0) read.append(buffer, 0, static_cast<std::size_t>(got));  // a ring's end interrupts its thread
    return got == 0 ? "end" : std::to_string(errno);
  }
  // A FIN, or a reset.
  void goes(bool reset) {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    if (reset) ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    fd_.reset();
  }
  std::string read;

 private:
  base::OwnedFd fd_;
};

std::size_t open_descriptors() {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

// The broker's ends of connections to the listener that the kernel still keeps; TIME_WAIT (06) is none.
std::size_t sockets_of(const Listener& listener) {
  const std::string local = absl::StrFormat("0100007F:%04X", ntohs(listener.address.sin_port));
  std::ifstream table("/proc/net/tcp");
  std::size_t count = 0;
  for (std::string line; std::getline(table, line);) {
    const std::size_t address = line.find(": ") + 2;
    const std::string state = line.substr(address + 28, 2);
    count += line.compare(address, local.size(), local) == 0 && state != "0A" && state != "06";
  }
  return count;
}

class UringSlotsTest : public UringTest {
 protected:
  void SetUp() override { create_with(64); }
  void create_with(std::uint32_t slots) {
    create({.slots = slots});
    if (!IsSkipped() && ring_->slots() == 0) GTEST_SKIP() << "this kernel is older than 6.15";
  }
  void TearDown() override {
    if (ring_ != nullptr) join(acceptor_.accept);
  }

  // The client's socket.
  int accept() {
    const std::size_t before = acceptor_.sockets.size();
    if (!acceptor_.accept.in_kernel()) ring_->accept(acceptor_.accept, listener_.fd.get(), Ring::Accepting::any);
    EXPECT_TRUE(turn_until([&] { return acceptor_.sockets.size() > before || !acceptor_.accept.in_kernel(); }));
    return acceptor_.sockets.size() > before ? acceptor_.sockets.back() : -1;
  }
  void turn() {
    ring_->wait(std::chrono::nanoseconds{0});
    ring_->run();
  }
  // Sends until the kernel keeps one, as the peer does not read; returns how much it took.
  std::size_t fill(Recorder& owner, int socket) {
    do {
      if (!owner.send.in_kernel()) ring_->send(owner.send, socket, std::vector<iovec>{{text_.data(), text_.size()}});
      ring_->wait(std::chrono::nanoseconds{0});
    } while (ring_->run() > 0);
    EXPECT_TRUE(owner.send.in_kernel());
    return owner.bytes_sent;
  }

  Listener listener_;
  Recorder acceptor_;
  std::string text_ = std::string(1 << 20, 'x');
};

TEST_F(UringSlotsTest, AcceptsWithoutADescriptor) {
  std::vector<Client> clients;
  for (int i = 0; i < 5; ++i) clients.emplace_back(listener_);
  const std::size_t before = open_descriptors();
  accept();
  ASSERT_TRUE(turn_until([&] { return acceptor_.sockets.size() == 5; }));
  EXPECT_EQ(open_descriptors(), before);
  for (const int socket : acceptor_.sockets) {
    EXPECT_TRUE(is_slot(socket)) << socket;
    ring_->close(socket, false);
  }
  turn();
  for (Client& client : clients) EXPECT_EQ(client.reads_to_end(), "end");
}

TEST_F(UringSlotsTest, AcceptsDescriptorsWhereTheyAreAskedFor) {
  for (const std::uint32_t slots : {64u, 0u}) {
    ring_.reset();
    create({.slots = slots});
    Client client(listener_);
    Recorder owner;
    ring_->accept(owner.accept, listener_.fd.get(), slots > 0 ? Ring::Accepting::descriptor : Ring::Accepting::any);
    ASSERT_TRUE(turn_until([&] { return owner.sockets.size() == 1; }));
    join(owner.accept);
    sockaddr_in address{};
    socklen_t size = sizeof address;
    EXPECT_EQ(::getpeername(owner.sockets.front(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    EXPECT_EQ(address.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    ring_->close(owner.sockets.front(), false);
    EXPECT_EQ(client.reads_to_end(), "end");
  }
}

TEST_F(UringSlotsTest, SendsAndReceives) {
  Client client(listener_);
  const int socket = accept();
  Recorder owner;
  ring_->receive(owner.receive, socket, true);
  std::string texts[] = {"to ", "be ", "or not"};
  ring_->send(owner.send, socket, std::vector<iovec>{{texts[0].data(), 3}, {texts[1].data(), 3}, {texts[2].data(), 6}});
  ASSERT_TRUE(turn_until([&] { return !owner.send.in_kernel(); }));
  ring_->send(owner.send, socket, std::vector<iovec>{{texts[2].data(), 6}});
  client.writes("to be");
  ASSERT_TRUE(turn_until([&] { return !owner.send.in_kernel() && owner.bytes_received == "to be"; }));
  client.writes(", too");
  ASSERT_TRUE(turn_until([&] { return owner.bytes_received == "to be, too"; }));
  join(owner.receive);
  ring_->close(socket, false);
  turn();
  EXPECT_EQ(client.reads_to_end(), "end");
  EXPECT_EQ(client.read, "to be or notor not");
}

// A receive that waits and a send that is stuck: cancelling alone ends both, and then the peer hears the end.
TEST_F(UringSlotsTest, CancelsWhatThePeerKeepsWaitingAndCloses) {
  for (const bool reset : {false, true}) {
    Client client(listener_);
    const int socket = accept();
    Recorder owner;
    ring_->receive(owner.receive, socket, true);
    fill(owner, socket);
    ring_->cancel(owner.receive);
    ring_->cancel(owner.send);
    ASSERT_TRUE(turn_until([&] { return !owner.receive.in_kernel() && !owner.send.in_kernel(); }));
    EXPECT_THAT(owner.log, ::testing::Contains("receive error " + std::to_string(ECANCELED)));
    EXPECT_THAT(owner.log, Each(AnyOf(StartsWith("sent "), ::testing::EndsWith("error " + std::to_string(ECANCELED)))));
    ring_->close(socket, reset);
    turn();
    EXPECT_EQ(client.reads_to_end(), reset ? std::to_string(ECONNRESET) : "end");
    if (reset) {
      EXPECT_LT(client.read.size(), owner.bytes_sent) << "what the kernel had not sent is dropped";
    } else {
      EXPECT_EQ(client.read.size(), owner.bytes_sent);
    }
  }
}

TEST_F(UringSlotsTest, ClosesWithWhatIsHandedOverNext) {
  for (const bool reset : {false, true}) {
    Client client(listener_);
    ring_->close(accept(), reset);
    ring_->submit();
    EXPECT_EQ(client.reads_to_end(), reset ? std::to_string(ECONNRESET) : "end");
  }
}

TEST_F(UringSlotsTest, HalfClosesBehindWhatWasSentAndGoesOnReceiving) {
  Client client(listener_);
  const int socket = accept();
  const std::size_t before = open_descriptors();
  Recorder owner;
  ring_->receive(owner.receive, socket, true);
  ring_->send(owner.send, socket, std::vector<iovec>{{text_.data(), 7}});
  ASSERT_TRUE(turn_until([&] { return !owner.send.in_kernel(); }));
  ring_->half_close(socket);
  turn();
  EXPECT_EQ(client.reads_to_end(), "end");
  EXPECT_EQ(client.read, "xxxxxxx");
  client.writes("still heard");
  client.goes(false);
  ASSERT_TRUE(turn_until([&] { return !owner.receive.in_kernel(); }));
  EXPECT_THAT(owner.log, ElementsAre("sent 7", "received still heard, more", "end of stream"));
  ring_->close(socket, false);
  turn();
  EXPECT_EQ(open_descriptors(), before - 1) << "the client's";
}

TEST_F(UringSlotsTest, MayBeClosedWhileItIsHalfClosed) {
  const std::size_t before = open_descriptors();
  for (const bool reset : {false, true}) {
    Client client(listener_);
    const int socket = accept();
    ring_->half_close(socket);
    ring_->close(socket, reset);
    turn();
    EXPECT_THAT(client.reads_to_end(), AnyOf("end", reset ? std::to_string(ECONNRESET) : "end"));
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(UringSlotsTest, WithoutADescriptorTheFinComesWithTheClose) {
  Client client(listener_);
  const int socket = accept();
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  ring_->half_close(socket);
  turn();
  ::setrlimit(RLIMIT_NOFILE, &before);
  turn();
  ring_->close(socket, false);
  turn();
  EXPECT_EQ(client.reads_to_end(), "end");
}

class FewSlotsTest : public UringSlotsTest {
 protected:
  void SetUp() override { create_with(4); }
};

TEST_F(FewSlotsTest, AcceptingEndsWhereNoneIsLeftAndGoesOnWhereOneIs) {
  std::vector<Client> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back(listener_);
    accept();
  }
  Client fifth(listener_);
  EXPECT_EQ(accept(), -1);
  EXPECT_EQ(acceptor_.log.back(), "accept error " + std::to_string(ENFILE));
  EXPECT_THAT(fifth.reads_to_end(), AnyOf("end", std::to_string(ECONNRESET)));

  const int freed = acceptor_.sockets[2];
  ring_->close(freed, false);
  Client sixth(listener_);
  EXPECT_EQ(accept(), freed);
  Recorder owner;
  ring_->receive(owner.receive, freed, true);
  sixth.writes("hello");
  ASSERT_TRUE(turn_until([&] { return owner.bytes_received == "hello"; }));
  join(owner.receive);
  for (const std::size_t i : {0, 1, 3, 4}) ring_->close(acceptor_.sockets[i], false);
  turn();
}

// One slot, in which each connection is the last one's successor at once: none hears or says anything of another's.
TEST_F(FewSlotsTest, ASlotsNextSocketHearsNothingOfItsLast) {
  ring_.reset();
  create_with(1);
  for (int i = 0; i < 100; ++i) {
    const std::string name = "client " + std::to_string(i);
    Client client(listener_);
    const int socket = accept();
    ASSERT_EQ(socket, socket_in_slot(0));
    Recorder owner;
    ring_->receive(owner.receive, socket, i % 2 == 0);
    std::string answer = "to " + name;
    ring_->send(owner.send, socket, std::vector<iovec>{{answer.data(), answer.size()}});
    client.writes(name);
    ASSERT_TRUE(turn_until([&] { return owner.bytes_received == name && !owner.send.in_kernel(); }));
    const bool reset = i % 3 == 0;
    if (i % 5 == 0) ring_->half_close(socket);
    if (i % 7 == 0) {
      client.goes(i % 2 == 0);
      ASSERT_TRUE(turn_until([&] { return !owner.receive.in_kernel(); }));
    }
    ring_->cancel(owner.receive);  // too late, where the client has gone
    if (owner.receive.in_kernel()) turn();
    ASSERT_FALSE(owner.receive.in_kernel());
    ring_->close(socket, reset);
    // The next one waits already when the slot becomes free.
    if (i % 7 == 0) continue;
    ring_->submit();
    client.reads_to_end();
    EXPECT_THAT(client.read, AnyOf(answer, reset ? "" : answer));
  }
}

TEST_F(UringSlotsTest, NothingIsLeftHoweverItEnds) {
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 64; ++i) {
    Client client(listener_);
    const int socket = accept();
    Recorder owner;
    ring_->receive(owner.receive, socket, true);
    if (i & 1) fill(owner, socket);
    if (i & 2) client.goes(i & 4);
    if ((i & 1) == 0 && i & 8) ring_->half_close(socket);
    join(owner.receive);
    join(owner.send);
    ring_->close(socket, i & 16);
  }
  turn();
  EXPECT_TRUE(turn_until([&] { return sockets_of(listener_) == 0; })) << sockets_of(listener_);
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(UringSlotsTest, GoWithTheirRing) {
  Client client(listener_);
  accept();
  join(acceptor_.accept);
  EXPECT_EQ(sockets_of(listener_), 1u);
  ring_.reset();
  EXPECT_EQ(client.reads_to_end(), "end");
}

}  // namespace
}  // namespace broker::io
