// SPDX-License-Identifier: Apache-2.0
#include "broker/net/block_cipher.h"

#include <openssl/evp.h>

#include "broker/base/check.h"

namespace broker::net {

void BlockCipher::Free::operator()(evp_cipher_ctx_st* context) const { EVP_CIPHER_CTX_free(context); }

BlockCipher::BlockCipher(const Key& key) : context_(EVP_CIPHER_CTX_new()) {
  const int done = EVP_EncryptInit_ex(context_.get(), EVP_aes_128_ecb(), nullptr, key.data(), nullptr);
  KODAMA_CHECK(done == 1, "AES-128");
  EVP_CIPHER_CTX_set_padding(context_.get(), 0);
}

void BlockCipher::encipher(Block& block) {
  int length = 0;
  const int done =
      EVP_EncryptUpdate(context_.get(), block.data(), &length, block.data(), static_cast<int>(block.size()));
  KODAMA_CHECK(done == 1 && length == static_cast<int>(block.size()), "length ", length);
}

}  // namespace broker::net
