// SPDX-License-Identifier: Apache-2.0
// A Ring that does what the test says: it records what is asked of it and completes nothing by itself unless told so.
// Descriptors are mere numbers. Completions are delivered as by the real one: queued, reaped by wait(), run by run().
//
//     fakes::FakeRing ring;   Connection connection(ring, 7);
//     ring.complete_receive(7, "hello");   ring.turn();   EXPECT_EQ(ring.pending(7), "answer");
//     ring.complete_send(7, 3);            ring.turn();   // a short send
//
// Asserts what every user of a ring must keep: nothing asked for twice, one send and one receive at a time on a
// descriptor, borrowed bytes unchanged until they complete, nothing on a closed descriptor, close only when nothing is
// held. Received bytes are freed after run(), so that AddressSanitizer finds a span that was kept.
#pragma once

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "broker/io/operation_table.h"
#include "broker/io/ring.h"
#include "config/limits.h"

namespace fakes {

class FakeRing final : public broker::io::Ring {
 public:
  using Operation = broker::io::Operation;
  using Type = Operation::Type;

  // What wait() does by itself, for tests that are about something else.
  struct Automatic {
    bool sends = false;  // every send completes, taking at most send_bytes_max
    std::size_t send_bytes_max = SIZE_MAX;
    bool cancels = false;  // what was cancelled ends with ECANCELED
  };
  Automatic automatic;

  ~FakeRing() override { KODAMA_CHECK(held_.empty(), "a ring was destroyed while operations were held"); }

  // --- What the kernel answers ---------------------------------------------------------------------------------------
  // Each queues one completion of what is held on the descriptor. `more` false: the kernel has ended the multishot.

  void complete_accept(int listener_fd, int socket, bool more = true) {
    sockets_[socket] = {};
    queue(held(listener_fd, Type::accept), {.value = socket, .more = more});
  }
  void fail_accept(int listener_fd, int error, bool more = false) {
    queue(held(listener_fd, Type::accept), {.error = error, .more = more});
  }
  // In as many completions as the real ring would need buffers.
  void complete_receive(int fd, std::string_view bytes, bool more = true) {
    KODAMA_CHECK(!bytes.empty(), "no bytes are an end of stream: call end_of_stream()");
    Held& receive = held(fd, Type::receive);
    while (!bytes.empty()) {
      const std::string_view part = bytes.substr(0, config::limits::receive_buffer_bytes);
      bytes.remove_prefix(part.size());
      queue(receive, {.bytes = std::string(part), .more = more || !bytes.empty()});
    }
  }
  void end_of_stream(int fd) { queue(held(fd, Type::receive), {}); }
  void fail_receive(int fd, int error, bool more = false) {
    queue(held(fd, Type::receive), {.error = error, .more = more});
  }
  // The kernel has taken the first `bytes` (all of them by default).
  void complete_send(int fd, std::size_t bytes = SIZE_MAX) {
    Held& send = held(fd, Type::send);
    const std::string all = gather(send);
    const std::size_t taken = std::min(bytes, all.size());
    sockets_[fd].sent.append(all, 0, taken);
    queue(send, {.value = static_cast<int>(taken)});
  }
  void fail_send(int fd, int error) {
    Held& send = held(fd, Type::send);
    gather(send);
    queue(send, {.error = error});
  }

  // wait(0), run(): returns how many handlers ran.
  std::size_t turn() {
    wait(std::chrono::nanoseconds{0});
    return run();
  }
  // Turns until nothing happens any more.
  void settle() {
    for (int turns = 0; turn() > 0; ++turns) KODAMA_CHECK(turns < 100'000, "the ring never comes to rest");
  }
  // Forgets all that is held, without completions: for a test that ends in the middle.
  void abandon() {
    for (const Held& one : std::exchange(held_, {})) operations_.remove(*one.operation);
    queued_.clear();
    reaped_.clear();
  }

  // --- What was asked ------------------------------------------------------------------------------------------------

  [[nodiscard]] bool accepting(int fd) const { return find(fd, Type::accept) != nullptr; }
  // Whether the accept in the kernel takes descriptors alone.
  [[nodiscard]] bool accepts_descriptors(int fd) const {
    const Held* one = find(fd, Type::accept);
    return one != nullptr && one->accepts == Accepting::descriptor;
  }
  [[nodiscard]] bool receiving(int fd) const { return find(fd, Type::receive) != nullptr; }
  [[nodiscard]] bool sending(int fd) const { return find(fd, Type::send) != nullptr; }
  [[nodiscard]] bool cancelled(int fd, Type type) const {
    const Held* one = find(fd, type);
    return one != nullptr && one->cancelled;
  }
  // Whether the receive in the kernel said that nothing is expected to be there yet.
  [[nodiscard]] bool waits_first(int fd) const {
    const Held* one = find(fd, Type::receive);
    return one != nullptr && one->wait_first;
  }
  [[nodiscard]] std::size_t held_count() const { return held_.size(); }
  // The bytes of the send that is in the kernel; all that were taken; and the latter once, then forgotten.
  [[nodiscard]] std::string pending(int fd) const {
    const Held* one = find(fd, Type::send);
    return one == nullptr ? std::string() : one->copy;
  }
  [[nodiscard]] const std::string& sent(int fd) { return sockets_[fd].sent; }
  std::string take_sent(int fd) { return std::exchange(sockets_[fd].sent, {}); }
  [[nodiscard]] bool closed(int fd) { return sockets_[fd].closed; }
  [[nodiscard]] bool reset(int fd) { return sockets_[fd].reset; }
  [[nodiscard]] bool half_closed(int fd) { return sockets_[fd].half_closed; }
  // All in order: "accept 3", "receive 7", "send 7 5" (bytes), "cancel receive 7", "half-close 7", "close 7", "reset
  // 7", "wake".
  [[nodiscard]] const std::vector<std::string>& actions() const { return actions_; }
  void forget_actions() { actions_.clear(); }
  [[nodiscard]] int woken() const { return woken_; }
  [[nodiscard]] std::chrono::nanoseconds last_timeout() const { return last_timeout_; }

  // --- The Ring ------------------------------------------------------------------------------------------------------

  void accept(broker::io::AcceptOperation& operation, int listener_fd, Accepting what) override {
    hold(operation, listener_fd).accepts = what;
    act("accept ", listener_fd);
  }
  void receive(broker::io::ReceiveOperation& operation, int fd, bool wait_first) override {
    hold(operation, fd).wait_first = wait_first;
    act("receive ", fd);
  }
  void send(broker::io::SendOperation& operation, int fd, std::span<const iovec> pieces) override {
    KODAMA_CHECK(!pieces.empty(), "a send of nothing");
    Held& one = hold(operation, fd);
    one.pieces.assign(pieces.begin(), pieces.end());
    one.copy = bytes_of(one);
    act("send ", fd, " ", one.copy.size());
  }
  void cancel(Operation& operation) override {
    if (!operation.in_kernel()) return;
    for (Held& one : held_) {
      if (one.operation != &operation) continue;
      one.cancelled = true;
      act("cancel ", name(one.type), " ", one.fd);
    }
  }
  void half_close(int fd) override {
    KODAMA_CHECK(!sockets_[fd].closed, "half-closed after close, descriptor ", fd);
    KODAMA_CHECK(!sending(fd), "half-closed while the kernel held its send, descriptor ", fd);
    sockets_[fd].half_closed = true;
    act("half-close ", fd);
  }
  void close(int fd, bool reset) override {
    KODAMA_CHECK(!sockets_[fd].closed, "closed twice, descriptor ", fd);
    for (const Held& one : held_)
      KODAMA_CHECK(one.fd != fd, "closed while the kernel held its ", name(one.type), ", descriptor ", fd);
    sockets_[fd].closed = true;
    sockets_[fd].reset = reset;
    act(reset ? "reset " : "close ", fd);
  }
  [[nodiscard]] std::uint32_t slots() const override { return slots_; }
  void set_slots(std::uint32_t slots) { slots_ = slots; }
  void wake(broker::io::Ring& sleeper) override {
    ++static_cast<FakeRing&>(sleeper).woken_;
    act("wake");
  }

  void submit() override {}
  // Never sleeps, whatever the timeout.
  void wait(std::chrono::nanoseconds timeout) override {
    KODAMA_CHECK(!running_, "a handler called wait()");
    last_timeout_ = timeout;
    act_by_itself();
    for (Queued& one : queued_) reaped_.push_back(std::move(one));
    counts_.completions += queued_.size();
    queued_.clear();
    ++counts_.enters;
  }
  std::size_t run() override {
    KODAMA_CHECK(!running_, "a handler called run()");
    running_ = true;
    std::vector<std::unique_ptr<std::uint8_t[]>> buffers;
    const std::vector<Queued> batch = std::exchange(reaped_, {});
    for (const Queued& one : batch) deliver(one, buffers);
    running_ = false;
    return batch.size();
  }
  [[nodiscard]] const broker::io::RingCounts& counts() const override { return counts_; }

 private:
  struct Held {
    Operation* operation;
    std::uint64_t user_data;
    int fd;
    Type type;
    bool wait_first = false;
    Accepting accepts = Accepting::any;
    bool cancelled = false;
    bool ended = false;  // its last completion is queued
    std::vector<iovec> pieces = {};
    std::string copy = {};
  };
  struct Result {
    int value = 0;
    int error = 0;
    std::string bytes = {};
    bool more = false;
  };
  struct Queued {
    std::uint64_t user_data;
    Result result;
  };
  struct Socket {
    std::string sent = {};
    bool half_closed = false;
    bool closed = false;
    bool reset = false;
  };

  static const char* name(Type type) {
    return type == Type::accept ? "accept" : type == Type::receive ? "receive" : "send";
  }
  static std::string bytes_of(const Held& one) {
    std::string all;
    for (const iovec& piece : one.pieces) all.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
    return all;
  }
  static std::string gather(const Held& one) {
    std::string all = bytes_of(one);
    KODAMA_CHECK(all == one.copy, "the bytes of a send changed while the kernel held them, descriptor ", one.fd);
    return all;
  }

  template <class... Parts>
  void act(const Parts&... parts) {
    std::string action;
    (action.append(text(parts)), ...);
    actions_.push_back(std::move(action));
  }
  static std::string text(std::string_view part) { return std::string(part); }
  template <class Number>
    requires std::is_integral_v<Number>
  static std::string text(Number number) {
    return std::to_string(number);
  }

  [[nodiscard]] const Held* find(int fd, Type type) const {
    const auto found =
        std::find_if(held_.begin(), held_.end(), [&](const Held& one) { return one.fd == fd && one.type == type; });
    return found == held_.end() ? nullptr : &*found;
  }
  Held& held(int fd, Type type) {
    const Held* one = find(fd, type);
    KODAMA_CHECK(one != nullptr, "the test completes what was not asked for: ", name(type), " ", fd);
    return const_cast<Held&>(*one);
  }
  Held& hold(Operation& operation, int fd) {
    KODAMA_CHECK(!sockets_[fd].closed, "used after close, descriptor ", fd);
    KODAMA_CHECK(find(fd, operation.type()) == nullptr, "two of one kind at a time, descriptor ", fd);
    const std::uint64_t user_data = operations_.add(operation);
    held_.push_back({.operation = &operation, .user_data = user_data, .fd = fd, .type = operation.type()});
    return held_.back();
  }
  void queue(Held& one, Result result) {
    KODAMA_CHECK(!one.ended, "the test completes an operation after its last completion, descriptor ", one.fd);
    one.ended = !result.more;
    queued_.push_back({one.user_data, std::move(result)});
  }

  void act_by_itself() {
    for (Held& one : held_) {
      if (!one.ended && automatic.cancels && one.cancelled) queue(one, {.error = ECANCELED});
      if (!one.ended && automatic.sends && one.type == Type::send) complete_send(one.fd, automatic.send_bytes_max);
    }
  }

  void deliver(const Queued& one, std::vector<std::unique_ptr<std::uint8_t[]>>& buffers) {
    Operation* operation = operations_.find(one.user_data);
    KODAMA_CHECK(operation != nullptr);
    const Result& result = one.result;
    if (!result.more) {
      operations_.remove(*operation);
      std::erase_if(held_, [&](const Held& h) { return h.user_data == one.user_data; });
    }
    switch (operation->type()) {
      case Type::accept:
        return static_cast<broker::io::AcceptOperation*>(operation)->complete(
            {.socket = result.error == 0 ? result.value : -1, .error = result.error, .more = result.more});
      case Type::receive: {
        if (result.error == ENOBUFS) ++counts_.buffers_exhausted;
        auto& buffer = buffers.emplace_back(std::make_unique<std::uint8_t[]>(result.bytes.size()));
        std::copy(result.bytes.begin(), result.bytes.end(), buffer.get());
        return static_cast<broker::io::ReceiveOperation*>(operation)->complete(
            {.bytes = {buffer.get(), result.bytes.size()}, .error = result.error, .more = result.more});
      }
      case Type::send:
        return static_cast<broker::io::SendOperation*>(operation)->complete(
            {.bytes = static_cast<std::size_t>(result.value), .error = result.error});
    }
  }

  broker::io::OperationTable operations_;
  std::vector<Held> held_;  // in the order in which they were asked for
  std::vector<Queued> queued_;
  std::vector<Queued> reaped_;
  std::map<int, Socket> sockets_;
  std::vector<std::string> actions_;
  broker::io::RingCounts counts_;
  std::chrono::nanoseconds last_timeout_{0};
  std::uint32_t slots_ = 0;
  int woken_ = 0;
  bool running_ = false;
};

}  // namespace fakes
