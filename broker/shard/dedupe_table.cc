// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/dedupe_table.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <array>
#include <bit>

#include "broker/net/digest.h"
#include "broker/shard/services.h"
#include "broker/shard/subscriber.h"
#include "broker/topics/name.h"
#include "config/limits.h"

namespace broker::shard {
namespace {

std::uint64_t random_seed() {
  std::array<std::uint8_t, sizeof(std::uint64_t)> bytes{};
  net::random_bytes(bytes);
  return std::bit_cast<std::uint64_t>(bytes);
}

}  // namespace

DedupeTable::DedupeTable(Services& services) : services_(services), seed_(random_seed()) {}

void DedupeTable::ask(proto::Host& host, proto::Tag tag, const Rules& nsp, std::string_view key,
                      std::chrono::milliseconds window) {
  send(host, {.nsp = &nsp, .key = std::string(key), .window = window, .tag = tag});
}

void DedupeTable::forget(proto::Host& host, const Rules& nsp, std::string_view key) {
  send(host, {.kind = DedupeQuestion::Kind::forget, .nsp = &nsp, .key = std::string(key)});
}

void DedupeTable::send(proto::Host& host, DedupeQuestion&& question) {
  const auto home = static_cast<ShardIndex>(topics::home_of(question.nsp->name, services_.post.shards()));
  services_.sessions.send(home, dynamic_cast<Subscriber&>(host).id(), std::move(question));
}

void DedupeTable::on_question(const Asker& asker, DedupeQuestion&& question) {
  const Hash hash = hash_of(question);
  if (question.kind == DedupeQuestion::Kind::forget) {
    until_ns_.erase(hash);
    return;
  }
  const bool repeated = note(hash, std::chrono::nanoseconds(question.window).count());
  services_.sessions.answer(
      asker, {.kind = proto::socketio::SessionAnswer::Kind::deduped, .tag = question.tag, .repeated = repeated});
}

// A key that is seen again does not live longer for it.
bool DedupeTable::note(const Hash& hash, std::int64_t window_ns) {
  const std::int64_t now = services_.now.steady_ns;
  while (!order_.empty() && (order_.front().until_ns <= now || order_.size() >= config::limits::dedupe_keys_max)) {
    drop_oldest();
  }
  const auto [found, is_new] = until_ns_.try_emplace(hash, now + window_ns);
  if (!is_new && found->second > now) return true;
  found->second = now + window_ns;
  order_.push_back({hash, now + window_ns});
  return false;
}

void DedupeTable::drop_oldest() {
  const auto found = until_ns_.find(order_.front().hash);
  if (found != until_ns_.end() && found->second == order_.front().until_ns) until_ns_.erase(found);
  order_.pop_front();
}

DedupeTable::Hash DedupeTable::hash_of(const DedupeQuestion& question) const {
  const std::string whole = question.nsp->name + '\0' + question.key;
  const XXH128_hash_t hash = XXH3_128bits_withSeed(whole.data(), whole.size(), seed_);
  return {hash.low64, hash.high64};
}

}  // namespace broker::shard
