// SPDX-License-Identifier: Apache-2.0
// floor relay: what a publisher sent is rewritten once, into one buffer, which is sent once to each subscriber.
// While a socket has no room for it, nothing more is passed on: there are no queues.
#include <memory>
#include <unordered_map>

#include "bench/floor/fanout.h"
#include "bench/floor/server.h"
#include "bench/floor/upgrade.h"

namespace bench::floor {
namespace {

class Relay final : public Server {
 public:
  explicit Relay(const Options& options)
      : Server(options, {.submissions = 1024, .buffers = 16, .buffer_bytes = 256 * 1024}), audience_(capacity()) {}

 private:
  Buffer on_bytes(const Received& received) override {
    if (!upgraded(received.slot)) {
      upgrade(received);
    } else if (!publishers_.empty() && publishers_.contains(received.slot)) {
      inbox_.push_back(received);
      return Buffer::kept;
    }
    return Buffer::done;  // a subscriber's Pong or Close: its end is the socket's
  }

  void upgrade(const Received& received) {
    const auto request = upgrades_.take(received.slot, received.bytes);
    if (!request) return;
    set_upgraded(received.slot);
    send(received.slot, switching_protocols);
    if (!request->publisher) return audience_.add(received.slot);
    publishers_[received.slot].rewrite(request->rest, begun_);
  }

  void on_left(int slot) override {
    upgrades_.forget(slot);
    audience_.remove(slot);
    if (!publishers_.empty()) publishers_.erase(slot);
  }

  void on_turn() override {
    if (rests_ > 0 || (inbox_.empty() && begun_.empty())) return;
    out_.swap(begun_);
    begun_.clear();
    for (const Received& received : inbox_) {
      // A publisher may have left since, and another connection may have its slot.
      if (const auto publisher = publishers_.find(received.slot); publisher != publishers_.end())
        publisher->second.rewrite(received.bytes, out_);
      give_back(received.buffer);
    }
    inbox_.clear();
    if (out_.empty()) return;
    for (const int slot : audience_.slots()) send(slot, out_);
  }

  void on_short(int slot, std::size_t sent) override {
    if (sent == out_.size()) return;
    ++rests_;
    send_rest(slot, std::string_view(out_).substr(sent));
  }
  void on_rest_ended(int /*slot*/) override { --rests_; }

  Upgrades upgrades_;
  Audience audience_;
  std::unordered_map<int, Frames> publishers_;
  std::vector<Received> inbox_;
  std::string begun_;  // what came together with an upgrade, rewritten
  std::string out_;    // what is being sent
  std::size_t rests_ = 0;
};

}  // namespace

int relay(const Options& options) { return Relay(options).run(); }

}  // namespace bench::floor
