// SPDX-License-Identifier: Apache-2.0
// TLS 1.3 with AES-128-GCM for the floor seal: OpenSSL shakes hands and decrypts, the traffic secret that it tells its
// keylog callback makes the records that are sent.
//
// Thread: one. Owns: what OpenSSL gives. Errors: a handshake that fails is false; what OpenSSL refuses at the start
// ends the program. Limits: no key update, no session tickets, no close_notify.
#pragma once

#include <openssl/evp.h>
#include <openssl/ssl.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "bench/floor/options.h"

namespace bench::floor {

struct Free {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
};

// RFC 8446 §5.2: a record is a header, what is sealed and a tag; what is sealed ends with its content type.
constexpr std::size_t record_head_bytes = 5;
constexpr std::size_t record_tag_bytes = 16;
constexpr std::size_t record_plain_max = 16384;
constexpr char application_data = 23;

// One direction of one connection.
class Sealer {
 public:
  explicit Sealer(std::string_view traffic_secret);
  // `inner` ends with its content type. Writes record_head_bytes + inner.size() + record_tag_bytes to `record`, and
  // returns that number.
  std::size_t seal(std::string_view inner, char* record);

 private:
  std::unique_ptr<EVP_CIPHER_CTX, Free> context_;
  std::array<std::uint8_t, 12> iv_{};
  std::uint64_t sequence_ = 0;
};

std::unique_ptr<SSL_CTX, Free> make_tls_context(const Options& options);

// The receiving half of a connection, and both halves of its handshake.
class Opener {
 public:
  explicit Opener(SSL_CTX& context);
  Opener(const Opener&) = delete;
  Opener& operator=(const Opener&) = delete;
  // Takes ciphertext, appends plaintext. What `to_peer` then holds of the handshake is to be sent.
  [[nodiscard]] bool take(std::string_view ciphertext, std::string& plain, std::string& to_peer);
  // Of the server's application data. Empty until the handshake has made it.
  [[nodiscard]] const std::string& traffic_secret() const { return secret_; }

 private:
  static void on_keylog(const SSL* ssl, const char* line);
  friend std::unique_ptr<SSL_CTX, Free> make_tls_context(const Options& options);

  std::string secret_;
  std::unique_ptr<SSL, Free> ssl_;
};

}  // namespace bench::floor
