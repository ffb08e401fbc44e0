// SPDX-License-Identifier: Apache-2.0
#include "broker/net/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "broker/base/check.h"

namespace broker::net {

// SHA1() would look the algorithm up at each call, which takes longer than the digest of a handshake's key.
void sha1(std::string_view in, unsigned char out[20]) {
  static_assert(SHA_DIGEST_LENGTH == 20);
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  KODAMA_CHECK(EVP_Digest(in.data(), in.size(), out, nullptr, algorithm, nullptr) == 1, "OpenSSL offers no SHA-1");
}

bool equal_in_constant_time(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

void random_bytes(std::span<std::uint8_t> out) {
  KODAMA_CHECK(RAND_bytes(out.data(), static_cast<int>(out.size())) == 1, "the system gives no randomness");
}

}  // namespace broker::net
