// SPDX-License-Identifier: Apache-2.0
// floor seal: relay over TLS 1.3. One buffer for all, but a seal of it for each subscriber: ciphertext cannot be
// shared.
#include <algorithm>
#include <memory>
#include <unordered_map>

#include "bench/floor/fanout.h"
#include "bench/floor/records.h"
#include "bench/floor/server.h"
#include "bench/floor/upgrade.h"

namespace bench::floor {
namespace {

// Sealed for a group of subscribers, sent, and used again for the next group while it is in the cache.
constexpr std::size_t scratch_bytes = 64 * 1024;

class Seal final : public Server {
 public:
  explicit Seal(const Options& options)
      : Server(options, {.submissions = 1024, .buffers = 16, .buffer_bytes = 256 * 1024}),
        context_(make_tls_context(options)),
        audience_(capacity()),
        sealers_(capacity()) {}

 private:
  struct Publisher {
    std::unique_ptr<Opener> opener;
    Frames frames;
  };

  Buffer on_bytes(const Received& received) override {
    if (!publishers_.empty() && publishers_.contains(received.slot)) {
      inbox_.push_back(received);
      return Buffer::kept;
    }
    if (!upgraded(received.slot)) upgrade(received);
    return Buffer::done;
  }

  void upgrade(const Received& received) {
    auto& opener = openers_[received.slot];
    if (opener == nullptr) opener = std::make_unique<Opener>(*context_);
    plain_.clear();
    const bool good = opener->take(received.bytes, plain_, flight_);
    pass_on(received.slot, flight_);
    if (!good) return drop(received.slot);
    if (plain_.empty()) return;
    const auto request = upgrades_.take(received.slot, plain_);
    if (!request) return;
    set_upgraded(received.slot);
    auto sealer = std::make_unique<Sealer>(opener->traffic_secret());
    std::string inner(switching_protocols);
    inner += application_data;
    std::string record(record_head_bytes + inner.size() + record_tag_bytes, '\0');
    sealer->seal(inner, record.data());
    pass_on(received.slot, record);
    if (request->publisher) {
      Publisher& publisher = publishers_[received.slot];
      publisher.opener = std::move(opener);
      publisher.frames.rewrite(request->rest, begun_);
    } else {
      sealers_[static_cast<std::size_t>(received.slot)] = std::move(sealer);
      audience_.add(received.slot);
    }
    openers_.erase(received.slot);
  }

  // A handshake's bytes, which stay no longer than this call. A new socket has room for them.
  void pass_on(int slot, std::string_view bytes) {
    if (bytes.empty()) return;
    send(slot, bytes);
    flush();
  }

  void on_left(int slot) override {
    upgrades_.forget(slot);
    openers_.erase(slot);
    publishers_.erase(slot);
    audience_.remove(slot);
    sealers_[static_cast<std::size_t>(slot)].reset();
  }

  void on_turn() override {
    if (!rests_.empty() || (inbox_.empty() && begun_.empty())) return;
    out_.swap(begun_);
    begun_.clear();
    for (const Received& received : inbox_) {
      if (const auto found = publishers_.find(received.slot); found != publishers_.end()) {
        plain_.clear();
        if (!found->second.opener->take(received.bytes, plain_, flight_)) drop(received.slot);
        found->second.frames.rewrite(plain_, out_);
      }
      give_back(received.buffer);
    }
    inbox_.clear();
    if (!out_.empty()) fan_out();
  }

  void fan_out() {
    inner_.clear();
    for (std::size_t at = 0; at < out_.size(); at += record_plain_max) {
      inner_ += std::string_view(out_).substr(at, record_plain_max);
      inner_ += application_data;
    }
    const std::size_t records = (out_.size() + record_plain_max - 1) / record_plain_max;
    sealed_bytes_ = inner_.size() + records * (record_head_bytes + record_tag_bytes);
    const std::size_t group = std::max<std::size_t>(1, scratch_bytes / sealed_bytes_);
    scratch_.resize(std::max(scratch_.size(), group * sealed_bytes_));
    const std::vector<int>& slots = audience_.slots();
    for (std::size_t begin = 0; begin < slots.size(); begin += group) {
      const std::size_t end = std::min(slots.size(), begin + group);
      group_begin_ = begin;
      for (std::size_t i = begin; i < end; ++i) {
        char* sealed = scratch_.data() + (i - begin) * sealed_bytes_;
        seal(*sealers_[static_cast<std::size_t>(slots[i])], sealed);
        send(slots[i], {sealed, sealed_bytes_});
      }
      if (end < slots.size()) submit();  // the last group goes with the turn's own enter
    }
  }

  void seal(Sealer& sealer, char* to) const {
    const std::string_view inner(inner_);
    for (std::size_t at = 0; at < inner.size(); at += record_plain_max + 1)
      to += sealer.seal(inner.substr(at, record_plain_max + 1), to);
  }

  // Before the scratch is used again, and before anybody can have left: a send that is short completes while it is
  // submitted, a receive that ends does so later in the same enter.
  void on_short(int slot, std::size_t sent) override {
    if (sent == sealed_bytes_) return;
    const char* sealed = scratch_.data() + (audience_.position(slot) - group_begin_) * sealed_bytes_;
    const auto [rest, _] = rests_.emplace(slot, std::string(sealed + sent, sealed_bytes_ - sent));
    send_rest(slot, rest->second);
  }
  void on_rest_ended(int slot) override { rests_.erase(slot); }

  const std::unique_ptr<SSL_CTX, Free> context_;
  Upgrades upgrades_;
  Audience audience_;
  std::vector<std::unique_ptr<Sealer>> sealers_;
  std::unordered_map<int, std::unique_ptr<Opener>> openers_;  // of those that shake hands
  std::unordered_map<int, Publisher> publishers_;
  std::unordered_map<int, std::string> rests_;
  std::vector<Received> inbox_;
  std::string plain_, flight_;
  std::string begun_;    // what came together with an upgrade, rewritten
  std::string out_;      // what is being sent
  std::string inner_;    // the same, cut into records, each with its content type
  std::string scratch_;  // sealed for a group of subscribers
  std::size_t sealed_bytes_ = 0;
  std::size_t group_begin_ = 0;
};

}  // namespace

int seal(const Options& options) { return Seal(options).run(); }

}  // namespace bench::floor
