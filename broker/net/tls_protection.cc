// SPDX-License-Identifier: Apache-2.0
#include "broker/net/tls_protection.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>

#include "broker/base/check.h"

namespace broker::net {

using Direction = TlsSuite::Direction;

RecordProtection::RecordProtection(const TlsSuite& suite, Direction direction, std::span<const std::uint8_t> secret,
                                   std::uint64_t sequence)
    : suite_(suite), sequence_(sequence), direction_(direction) {
  KODAMA_CHECK(secret.size() == suite.secret_bytes(), "a secret of ", secret.size(), " bytes");
  std::copy(secret.begin(), secret.end(), secret_.begin());
  derive_key();
}

RecordProtection::~RecordProtection() {
  OPENSSL_cleanse(secret_.data(), secret_.size());
  OPENSSL_cleanse(key_.data(), key_.size());
}

void RecordProtection::derive_key() {
  const std::span secret = std::span(secret_).first(suite_.secret_bytes());
  suite_.expand_label(secret, "key", std::span(key_).first(suite_.key_bytes()));
  suite_.expand_label(secret, "iv", iv_);
}

void RecordProtection::update() {
  const std::span secret = std::span(secret_).first(suite_.secret_bytes());
  std::array<std::uint8_t, TlsSuite::secret_bytes_max> next{};
  suite_.expand_label(secret, "traffic upd", std::span(next).first(secret.size()));
  secret_ = next;
  OPENSSL_cleanse(next.data(), next.size());
  sequence_ = 0;
  derive_key();
  if (own_cipher_ == nullptr) return;
  set_busy(false);
  set_busy(true);
}

void RecordProtection::set_busy(bool busy) {
  if (busy == (own_cipher_ != nullptr)) return;
  own_cipher_.reset();
  if (!busy) return;
  own_cipher_ = suite_.make_cipher(direction_);
  KODAMA_CHECK(EVP_CipherInit_ex2(own_cipher_.get(), nullptr, key_.data(), nullptr, -1, nullptr) == 1);
}

evp_cipher_ctx_st* RecordProtection::next_cipher() {
  // RFC 8446 §5.3: the record's number is added, bit by bit, to the end of the IV.
  std::array<std::uint8_t, TlsSuite::nonce_bytes> nonce = iv_;
  for (std::size_t i = 0; i < sizeof sequence_; ++i) {
    nonce[nonce.size() - 1 - i] ^= static_cast<std::uint8_t>(sequence_ >> (8 * i));
  }
  ++sequence_;
  evp_cipher_ctx_st* cipher = own_cipher_ != nullptr ? own_cipher_.get() : &suite_.shared_cipher(direction_);
  const std::uint8_t* key = own_cipher_ != nullptr ? nullptr : key_.data();
  KODAMA_CHECK(EVP_CipherInit_ex2(cipher, nullptr, key, nonce.data(), -1, nullptr) == 1);
  return cipher;
}

void RecordProtection::seal(std::span<std::uint8_t> record) {
  const std::size_t sealed = record.size() - tls_header_bytes;
  record[0] = static_cast<std::uint8_t>(TlsContentType::application_data);  // whatever is within
  record[1] = 3;                                                            // as TLS 1.2, RFC 8446 §5.2
  record[2] = 3;
  record[3] = static_cast<std::uint8_t>(sealed >> 8);
  record[4] = static_cast<std::uint8_t>(sealed);
  std::uint8_t* const inner = record.data() + tls_header_bytes;
  const std::size_t inner_bytes = sealed - TlsSuite::tag_bytes;
  evp_cipher_ctx_st* cipher = next_cipher();
  int done = 0;
  const bool good = EVP_CipherUpdate(cipher, nullptr, &done, record.data(), tls_header_bytes) == 1 &&
                    EVP_CipherUpdate(cipher, inner, &done, inner, static_cast<int>(inner_bytes)) == 1 &&
                    EVP_CipherFinal_ex(cipher, inner + done, &done) == 1 &&
                    EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, TlsSuite::tag_bytes, inner + inner_bytes) == 1;
  KODAMA_CHECK(good, "a record of ", record.size(), " bytes was not sealed");
}

bool RecordProtection::open(std::span<const std::uint8_t> record, std::span<std::uint8_t> inner) {
  const std::uint8_t* const sealed = record.data() + tls_header_bytes;
  evp_cipher_ctx_st* cipher = next_cipher();
  auto* const tag = const_cast<std::uint8_t*>(sealed + inner.size());  // only read
  int done = 0;
  return EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, TlsSuite::tag_bytes, tag) == 1 &&
         EVP_CipherUpdate(cipher, nullptr, &done, record.data(), tls_header_bytes) == 1 &&
         EVP_CipherUpdate(cipher, inner.data(), &done, sealed, static_cast<int>(inner.size())) == 1 &&
         EVP_CipherFinal_ex(cipher, inner.data() + done, &done) == 1;
}

}  // namespace broker::net
