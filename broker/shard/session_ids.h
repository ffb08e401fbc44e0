// SPDX-License-Identifier: Apache-2.0
// Ids of sessions: which shard has one, and in which slot, so that a request finds it wherever it lands. To everybody
// else they are 20 characters of base64url that tell nothing and cannot be guessed.
//
//   id = base64url( nonce, 7 random bytes | place, 8 bytes, XOR AES-128(key, nonce) )
//   place = shard, 1 byte | slot, 3 bytes | generation, 4 bytes
//
// Thread: a shard's own; the key is one for the process.
// Errors: what is no id of ours leads to some place or to none; whoever looks there compares the whole id.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "broker/net/block_cipher.h"
#include "broker/shard/mail.h"

namespace broker::shard {

class SessionIds {
 public:
  struct Place {
    std::uint32_t shard = 0;
    ClientId client;
  };

  explicit SessionIds(const net::BlockCipher::Key& key) : cipher_(key) {}

  [[nodiscard]] std::string make(const Place& place);
  [[nodiscard]] std::optional<Place> find(std::string_view id);

 private:
  net::BlockCipher cipher_;
};

}  // namespace broker::shard
