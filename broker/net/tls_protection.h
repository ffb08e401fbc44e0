// SPDX-License-Identifier: Apache-2.0
// The protection of records in one direction of a TLS 1.3 connection (RFC 8446 §5.2, §5.3, §7.2, §7.3): a traffic
// secret, the key and the IV made of it, and the number of the next record.
//
// Thread: one shard. Owns: its secrets, wiped when they go. Borrows: the suite, which outlives it.
// Errors: open() is false for a record that is not the peer's next one.
// Memory: 128 bytes; a busy connection has a cipher context too, 1.1 KiB, instead of setting a key for each record.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "broker/net/tls_suite.h"

namespace broker::net {

// RFC 8446 §5.1 and §5.2.
inline constexpr std::size_t tls_header_bytes = 5;
inline constexpr std::size_t tls_plaintext_bytes_max = 16384;
inline constexpr std::size_t tls_inner_bytes_max = tls_plaintext_bytes_max + 1;  // with the content type
enum class TlsContentType : std::uint8_t { alert = 21, handshake = 22, application_data = 23 };

class RecordProtection {
 public:
  // Requires: secret.size() == suite.secret_bytes(). `sequence` counts the records that the secret has protected.
  RecordProtection(const TlsSuite& suite, TlsSuite::Direction direction, std::span<const std::uint8_t> secret,
                   std::uint64_t sequence);
  ~RecordProtection();
  RecordProtection(const RecordProtection&) = delete;
  RecordProtection& operator=(const RecordProtection&) = delete;

  // Seals in place. Requires: `record` has room for the header, then the inner plaintext, then room for the tag.
  void seal(std::span<std::uint8_t> record);
  // Opens a whole record into `inner`. Requires: the record is no shorter than its header and the tag, and
  // inner.size() is what lies between them. What stands in `inner` is worth nothing when it returns false.
  [[nodiscard]] bool open(std::span<const std::uint8_t> record, std::span<std::uint8_t> inner);

  // The next generation of the secret, RFC 8446 §7.2; records are counted anew.
  void update();
  [[nodiscard]] std::uint64_t sequence() const { return sequence_; }

  void set_busy(bool busy);

 private:
  void derive_key();
  // With the next record's nonce, and this direction's key.
  evp_cipher_ctx_st* next_cipher();

  const TlsSuite& suite_;
  OpensslHandle<evp_cipher_ctx_st> own_cipher_;  // has the key; null in a quiet connection
  std::uint64_t sequence_;
  std::array<std::uint8_t, TlsSuite::secret_bytes_max> secret_{};
  std::array<std::uint8_t, TlsSuite::key_bytes_max> key_{};
  std::array<std::uint8_t, TlsSuite::nonce_bytes> iv_{};
  TlsSuite::Direction direction_;
};
static_assert(sizeof(RecordProtection) <= 128, "an idle connection pays for two of them");

}  // namespace broker::net
