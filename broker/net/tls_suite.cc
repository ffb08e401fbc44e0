// SPDX-License-Identifier: Apache-2.0
#include "broker/net/tls_suite.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <string>

#include "broker/base/check.h"

namespace broker::net {
namespace {

struct Parts {
  const char* cipher;
  const char* digest;
  std::uint8_t secret_bytes;
  std::uint8_t key_bytes;
};

constexpr std::array<Parts, 3> parts{
    {{"AES-128-GCM", "SHA256", 32, 16}, {"AES-256-GCM", "SHA384", 48, 32}, {"ChaCha20-Poly1305", "SHA256", 32, 32}}};

std::size_t index_of(std::uint16_t id) {
  return std::size_t{id} - static_cast<std::uint16_t>(TlsSuite::Id::aes_128_gcm_sha256);
}

const Parts& parts_of(TlsSuite::Id id) { return parts.at(index_of(static_cast<std::uint16_t>(id))); }

EVP_KDF_CTX* make_derivation() {
  EVP_KDF* algorithm = EVP_KDF_fetch(nullptr, "TLS13-KDF", nullptr);
  KODAMA_CHECK(algorithm != nullptr, "OpenSSL offers no TLS13-KDF");
  EVP_KDF_CTX* made = EVP_KDF_CTX_new(algorithm);
  EVP_KDF_free(algorithm);  // the context counts it
  return made;
}

// OpenSSL's parameters are the same for input and output, and so not const; a derivation only reads them.
OSSL_PARAM octets(const char* name, const void* bytes, std::size_t count) {
  return OSSL_PARAM_construct_octet_string(name, const_cast<void*>(bytes), count);
}

}  // namespace

TlsSuite::TlsSuite(Id id)
    : algorithm_(EVP_CIPHER_fetch(nullptr, parts_of(id).cipher, nullptr)),
      derivation_(make_derivation()),
      digest_(parts_of(id).digest),
      secret_bytes_(parts_of(id).secret_bytes),
      key_bytes_(parts_of(id).key_bytes) {
  KODAMA_CHECK(algorithm_ != nullptr, "OpenSSL offers no ", parts_of(id).cipher);
  sealing_ = make_cipher(Direction::sealing);
  opening_ = make_cipher(Direction::opening);
}

void TlsSuite::expand_label(std::span<const std::uint8_t> secret, std::string_view label,
                            std::span<std::uint8_t> out) const {
  constexpr std::string_view prefix = "tls13 ";
  int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
  const std::array parameters{OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
                              OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, const_cast<char*>(digest_), 0),
                              octets(OSSL_KDF_PARAM_KEY, secret.data(), secret.size()),
                              octets(OSSL_KDF_PARAM_PREFIX, prefix.data(), prefix.size()),
                              octets(OSSL_KDF_PARAM_LABEL, label.data(), label.size()),
                              OSSL_PARAM_construct_end()};
  KODAMA_CHECK(EVP_KDF_derive(derivation_.get(), out.data(), out.size(), parameters.data()) == 1);
  EVP_KDF_CTX_reset(derivation_.get());  // it would keep the secret
}

OpensslHandle<evp_cipher_ctx_st> TlsSuite::make_cipher(Direction direction) const {
  OpensslHandle<evp_cipher_ctx_st> made(EVP_CIPHER_CTX_new());
  const int encrypting = direction == Direction::sealing ? 1 : 0;
  KODAMA_CHECK(made != nullptr);
  KODAMA_CHECK(EVP_CipherInit_ex2(made.get(), algorithm_.get(), nullptr, nullptr, encrypting, nullptr) == 1);
  return made;
}

const TlsSuite* TlsSuites::find(std::uint16_t id) const {
  const std::size_t index = index_of(id);  // of a smaller id: very large
  return index < suites_.size() ? &suites_[index] : nullptr;
}

}  // namespace broker::net
