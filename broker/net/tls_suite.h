// SPDX-License-Identifier: Apache-2.0
// A cipher suite of TLS 1.3 (RFC 8446 §B.4): the AEAD that protects records, and the derivation of its keys. OpenSSL
// does the arithmetic; what is looked up by name is looked up once, since OpenSSL 3 takes a lock for it.
//
// Thread: one shard. Owns: the algorithms, and one cipher context a direction for connections that have none of
// their own. Errors: none; an OpenSSL without these algorithms ends the program at the start.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "broker/net/tls_handles.h"

namespace broker::net {

class TlsSuite {
 public:
  static constexpr std::size_t secret_bytes_max = 48;  // SHA-384's
  static constexpr std::size_t key_bytes_max = 32;
  static constexpr std::size_t nonce_bytes = 12;
  static constexpr std::size_t tag_bytes = 16;

  enum class Id : std::uint16_t { aes_128_gcm_sha256 = 0x1301, aes_256_gcm_sha384, chacha20_poly1305_sha256 };

  explicit TlsSuite(Id id);

  [[nodiscard]] std::size_t secret_bytes() const { return secret_bytes_; }
  [[nodiscard]] std::size_t key_bytes() const { return key_bytes_; }

  // HKDF-Expand-Label with an empty context, RFC 8446 §7.1.
  void expand_label(std::span<const std::uint8_t> secret, std::string_view label, std::span<std::uint8_t> out) const;

  enum class Direction : std::uint8_t { sealing, opening };
  // Knows the cipher, and no key yet.
  [[nodiscard]] OpensslHandle<evp_cipher_ctx_st> make_cipher(Direction direction) const;
  // To be given a key before each record.
  [[nodiscard]] evp_cipher_ctx_st& shared_cipher(Direction direction) const {
    return direction == Direction::sealing ? *sealing_ : *opening_;
  }

 private:
  OpensslHandle<evp_cipher_st> algorithm_;
  OpensslHandle<evp_kdf_ctx_st> derivation_;
  const char* digest_;
  std::uint8_t secret_bytes_;
  std::uint8_t key_bytes_;
  OpensslHandle<evp_cipher_ctx_st> sealing_;
  OpensslHandle<evp_cipher_ctx_st> opening_;
};

// All that a server offers; a shard has one.
class TlsSuites {
 public:
  // Null for what is no suite of TLS 1.3.
  [[nodiscard]] const TlsSuite* find(std::uint16_t id) const;

 private:
  std::array<TlsSuite, 3> suites_{TlsSuite(TlsSuite::Id::aes_128_gcm_sha256),
                                  TlsSuite(TlsSuite::Id::aes_256_gcm_sha384),
                                  TlsSuite(TlsSuite::Id::chacha20_poly1305_sha256)};
};

}  // namespace broker::net
