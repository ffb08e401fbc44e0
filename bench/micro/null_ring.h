// SPDX-License-Identifier: Apache-2.0
// A Ring without a kernel: every send completes with the next wait(), at once and whole, and is only counted; receives
// get what the benchmark gives. Descriptors are mere numbers. What is left to measure is the broker.
//
// Thread: one. Owns: nothing but lists. Borrows: the bytes given to give(), until run() has handed them over.
// Differs from tests/fakes/fake_ring.h, which copies and checks all bytes and would take most of the time itself.
#pragma once

#include <cerrno>
#include <functional>
#include <utility>
#include <vector>

#include "broker/base/check.h"
#include "broker/io/operation_table.h"
#include "broker/io/ring.h"

namespace bench::micro {

class NullRing final : public broker::io::Ring {
 public:
  // Called by every wait(). `idle`: nothing is under way and a real ring would sleep now. What it gives is reaped by
  // the wait at hand.
  using OnWait = std::function<void(bool idle)>;
  void set_on_wait(OnWait on_wait) { on_wait_ = std::move(on_wait); }

  void give(int fd, std::span<std::uint8_t> bytes) {
    KODAMA_CHECK(!bytes.empty());
    queued_.push_back({.user_data = receiver(fd), .bytes = bytes, .more = true});
  }
  void reset_all() {
    for (const std::uint64_t user_data : receivers_) {
      if (operations_.find(user_data) != nullptr) queued_.push_back({.user_data = user_data, .error = ECONNRESET});
    }
  }

  [[nodiscard]] std::uint64_t sends() const { return sends_; }
  [[nodiscard]] std::uint64_t bytes_sent() const { return bytes_sent_; }

  // ---- broker::io::Ring

  void accept(broker::io::AcceptOperation& operation, int, Accepting) override { operations_.add(operation); }
  void receive(broker::io::ReceiveOperation& operation, int fd, bool) override {
    const auto index = static_cast<std::size_t>(fd);
    if (index >= receivers_.size()) receivers_.resize(index + 1, nobody);
    receivers_[index] = operations_.add(operation);
  }
  void send(broker::io::SendOperation& operation, int, std::span<const iovec> pieces) override {
    std::size_t bytes = 0;
    for (const iovec& piece : pieces) bytes += piece.iov_len;
    ++sends_;
    bytes_sent_ += bytes;
    queued_.push_back({.user_data = operations_.add(operation), .bytes = {nowhere_, bytes}});
  }
  void cancel(broker::io::Operation& operation) override {
    if (operation.in_kernel()) queued_.push_back({.user_data = operations_.user_data(operation), .error = ECANCELED});
  }
  void half_close(int) override {}
  void close(int, bool) override {}
  [[nodiscard]] std::uint32_t slots() const override { return 0; }
  void wake(broker::io::Ring&) override {}

  void submit() override {}
  void wait(std::chrono::nanoseconds timeout) override {
    if (on_wait_) on_wait_(queued_.empty() && timeout.count() != 0);
    counts_.completions += queued_.size();
    ++counts_.enters;
    std::swap(queued_, reaped_);
  }
  std::size_t run() override {
    const std::size_t count = reaped_.size();
    for (const Completion& completion : reaped_) dispatch(completion);
    reaped_.clear();
    return count;
  }
  [[nodiscard]] const broker::io::RingCounts& counts() const override { return counts_; }

 private:
  struct Completion {
    std::uint64_t user_data;
    std::span<std::uint8_t> bytes = {};  // of a send only their number counts
    int error = 0;
    bool more = false;
  };
  static constexpr std::uint64_t nobody = UINT64_MAX;

  [[nodiscard]] std::uint64_t receiver(int fd) const {
    const std::uint64_t user_data = receivers_.at(static_cast<std::size_t>(fd));
    KODAMA_CHECK(operations_.find(user_data) != nullptr, "nobody receives, descriptor ", fd);
    return user_data;
  }

  void dispatch(const Completion& completion) {
    using Type = broker::io::Operation::Type;
    broker::io::Operation* operation = operations_.find(completion.user_data);
    if (operation == nullptr) return;
    if (!completion.more) operations_.remove(*operation);
    switch (operation->type()) {
      case Type::accept: return;
      case Type::receive:
        return static_cast<broker::io::ReceiveOperation*>(operation)->complete(
            {.bytes = completion.bytes, .error = completion.error, .more = completion.more});
      case Type::send:
        return static_cast<broker::io::SendOperation*>(operation)->complete(
            {.bytes = completion.bytes.size(), .error = completion.error});
    }
  }

  std::uint8_t* const nowhere_ = reinterpret_cast<std::uint8_t*>(this);  // never read or written through
  OnWait on_wait_;
  broker::io::OperationTable operations_;
  std::vector<std::uint64_t> receivers_;  // user_data of the receive, by descriptor
  std::vector<Completion> queued_;
  std::vector<Completion> reaped_;
  broker::io::RingCounts counts_;
  std::uint64_t sends_ = 0;
  std::uint64_t bytes_sent_ = 0;
};

}  // namespace bench::micro
