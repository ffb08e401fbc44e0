// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/session_ids.h"

#include <algorithm>
#include <span>

#include "absl/strings/escaping.h"
#include "broker/base/check.h"
#include "broker/base/strings.h"
#include "broker/net/digest.h"
#include "config/limits.h"

namespace broker::shard {
namespace {

constexpr std::size_t nonce_bytes = 7;
constexpr std::size_t place_bytes = 8;
static_assert(nonce_bytes + place_bytes == config::limits::secret_bytes);

using Bytes = std::array<std::uint8_t, config::limits::secret_bytes>;

// What hides the place, and shows it again.
void mask(Bytes& id, net::BlockCipher& cipher) {
  net::BlockCipher::Block block{};
  std::copy_n(id.begin(), nonce_bytes, block.begin());
  cipher.encipher(block);
  for (std::size_t i = 0; i < place_bytes; ++i) id[nonce_bytes + i] ^= block[i];
}

}  // namespace

std::string SessionIds::make(const Place& place) {
  KODAMA_CHECK(place.shard < 1U << 8 && place.client.slot < 1U << 24, "shard ", place.shard, " slot ",
               place.client.slot);
  Bytes id;
  net::random_bytes(std::span(id).first(nonce_bytes));
  const std::uint64_t number =
      std::uint64_t{place.shard} << 56 | std::uint64_t{place.client.slot} << 32 | place.client.generation;
  for (std::size_t i = 0; i < place_bytes; ++i) {
    id[nonce_bytes + i] = static_cast<std::uint8_t>(number >> 8 * (place_bytes - 1 - i));
  }
  mask(id, cipher_);
  return absl::WebSafeBase64Escape({reinterpret_cast<const char*>(id.data()), id.size()});
}

std::optional<SessionIds::Place> SessionIds::find(std::string_view text) {
  std::string decoded;
  if (text.size() != 20 || !absl::WebSafeBase64Unescape(base::to_absl(text), &decoded)) return std::nullopt;
  Bytes id;
  if (decoded.size() != id.size()) return std::nullopt;
  std::ranges::copy(decoded, id.begin());
  mask(id, cipher_);
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < place_bytes; ++i) number = number << 8 | id[nonce_bytes + i];
  return Place{.shard = static_cast<std::uint32_t>(number >> 56),
               .client = {.slot = static_cast<std::uint32_t>(number >> 32 & 0xFFFFFF),
                          .generation = static_cast<std::uint32_t>(number)}};
}

}  // namespace broker::shard
