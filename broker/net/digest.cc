// SPDX-License-Identifier: Apache-2.0
#include "broker/net/digest.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "broker/base/check.h"

namespace broker::net {

// The plain functions, which OpenSSL 3 calls deprecated: a digest by EVP makes and frees a context, 1,600 instructions
// around a handshake's key, which takes a few hundred.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
void sha1(std::string_view in, unsigned char out[20]) {
  static_assert(SHA_DIGEST_LENGTH == 20);
  SHA_CTX digest;
  KODAMA_CHECK(SHA1_Init(&digest) == 1 && SHA1_Update(&digest, in.data(), in.size()) == 1);
  KODAMA_CHECK(SHA1_Final(out, &digest) == 1);
}
#pragma GCC diagnostic pop

bool equal_in_constant_time(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

void random_bytes(std::span<std::uint8_t> out) {
  KODAMA_CHECK(RAND_bytes(out.data(), static_cast<int>(out.size())) == 1, "the system gives no randomness");
}

}  // namespace broker::net
