// SPDX-License-Identifier: Apache-2.0
// The keys that seal session tickets, so that a client that comes back resumes on whatever shard it lands. Every shard
// has its own copy, and all copies make the same next key at the same time: a key is a hash of the one before it.
// Nothing mutable is shared, and who learns today's keys cannot open the tickets of the day before yesterday.
// Thread: a copy belongs to one shard; made once at the start, before the shards.
// Limits: a ticket opens for one period at least, for two at most.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <span>

struct evp_cipher_ctx_st;
struct evp_cipher_st;
struct evp_mac_ctx_st;

namespace broker::net {

class TicketKeys {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::hours period{12};
  static constexpr std::size_t name_bytes = 16;  // as OpenSSL's callback has it, RFC 5077 §4
  static constexpr std::size_t iv_bytes = 16;

  explicit TicketKeys(Clock::time_point now);
  TicketKeys(const TicketKeys&) = default;
  TicketKeys& operator=(const TicketKeys&) = default;
  ~TicketKeys();

  // Makes the keys that have become due. Copies that are called a moment apart disagree for that moment; a ticket that
  // meets the later one costs a full handshake and no more.
  void advance(Clock::time_point now);

  enum class Opened : std::uint8_t { current, previous, unknown };
  // For OpenSSL's callback: the key's name and the IV are written when sealing, read when opening.
  [[nodiscard]] bool seal(const evp_cipher_st& cipher, unsigned char* name, unsigned char* iv,
                          evp_cipher_ctx_st* context, evp_mac_ctx_st* mac) const;
  [[nodiscard]] Opened open(const evp_cipher_st& cipher, const unsigned char* name, const unsigned char* iv,
                            evp_cipher_ctx_st* context, evp_mac_ctx_st* mac) const;

 private:
  using Secret = std::array<std::uint8_t, 32>;
  struct Key {
    std::array<std::uint8_t, name_bytes> name;
    Secret cipher;
    Secret mac;
  };
  static Key derive(const Secret& secret);

  Secret secret_;  // of the current key
  Key current_;
  Key previous_;  // the first one is of a secret that was never used
  Clock::time_point due_;
};

}  // namespace broker::net
