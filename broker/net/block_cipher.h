// SPDX-License-Identifier: Apache-2.0
// One block of AES-128 (FIPS 197), for ids that are to look random.
// Thread: one. Owns: OpenSSL's context, with the key. Errors: none are possible but OpenSSL's own: the program ends.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

struct evp_cipher_ctx_st;

namespace broker::net {

class BlockCipher {
 public:
  using Key = std::array<std::uint8_t, 16>;
  using Block = std::array<std::uint8_t, 16>;

  explicit BlockCipher(const Key& key);

  void encipher(Block& block);

 private:
  struct Free {
    void operator()(evp_cipher_ctx_st* context) const;
  };
  std::unique_ptr<evp_cipher_ctx_st, Free> context_;
};

}  // namespace broker::net
