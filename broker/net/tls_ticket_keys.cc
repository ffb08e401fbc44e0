// SPDX-License-Identifier: Apache-2.0
#include "broker/net/tls_ticket_keys.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>

#include <algorithm>
#include <string_view>

#include "broker/base/check.h"
#include "broker/net/digest.h"

namespace broker::net {
namespace {

std::array<std::uint8_t, 32> hmac(const std::array<std::uint8_t, 32>& secret, std::string_view label) {
  std::array<std::uint8_t, 32> out{};
  unsigned int written = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(label.data());
  KODAMA_CHECK(HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), bytes, label.size(), out.data(),
                    &written) != nullptr);
  KODAMA_CHECK(written == out.size());
  return out;
}

bool set_mac_key(evp_mac_ctx_st* mac, const std::array<std::uint8_t, 32>& key) {
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, const_cast<std::uint8_t*>(key.data()), key.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

}  // namespace

TicketKeys::TicketKeys(Clock::time_point now) : due_(now + period) {
  random_bytes(secret_);
  previous_ = derive(secret_);
  random_bytes(secret_);
  current_ = derive(secret_);
}

TicketKeys::~TicketKeys() {
  OPENSSL_cleanse(secret_.data(), secret_.size());
  OPENSSL_cleanse(&current_, sizeof current_);
  OPENSSL_cleanse(&previous_, sizeof previous_);
}

void TicketKeys::advance(Clock::time_point now) {
  for (; now >= due_; due_ += period) {
    previous_ = current_;
    secret_ = hmac(secret_, "kodama ticket: next");
    current_ = derive(secret_);
  }
}

TicketKeys::Key TicketKeys::derive(const Secret& secret) {
  Key key{};
  const Secret name = hmac(secret, "kodama ticket: name");
  std::copy_n(name.begin(), key.name.size(), key.name.begin());
  key.cipher = hmac(secret, "kodama ticket: cipher");
  key.mac = hmac(secret, "kodama ticket: mac");
  return key;
}

bool TicketKeys::seal(const evp_cipher_st& cipher, unsigned char* name, unsigned char* iv, evp_cipher_ctx_st* context,
                      evp_mac_ctx_st* mac) const {
  random_bytes({iv, iv_bytes});
  std::copy(current_.name.begin(), current_.name.end(), name);
  return EVP_EncryptInit_ex2(context, &cipher, current_.cipher.data(), iv, nullptr) == 1 &&
         set_mac_key(mac, current_.mac);
}

TicketKeys::Opened TicketKeys::open(const evp_cipher_st& cipher, const unsigned char* name, const unsigned char* iv,
                                    evp_cipher_ctx_st* context, evp_mac_ctx_st* mac) const {
  const bool is_current = std::equal(current_.name.begin(), current_.name.end(), name);
  if (!is_current && !std::equal(previous_.name.begin(), previous_.name.end(), name)) return Opened::unknown;
  const Key& key = is_current ? current_ : previous_;
  if (EVP_DecryptInit_ex2(context, &cipher, key.cipher.data(), iv, nullptr) != 1 || !set_mac_key(mac, key.mac)) {
    return Opened::unknown;
  }
  return is_current ? Opened::current : Opened::previous;
}

}  // namespace broker::net
