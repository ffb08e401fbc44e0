// SPDX-License-Identifier: Apache-2.0
// What OpenSSL takes for a socket: it reads the ciphertext in place, from the ring's buffer, and appends what is to be
// sent to a string. An idle connection holds no buffer on either side.
// Thread: the shard that owns the connection.
// Borrows: `input`, for the length of one call of Tls::feed().
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "broker/net/tls_handles.h"

namespace broker::net {

struct TlsStream {
  std::span<const std::uint8_t> input;
  std::string output;
};

// The method outlives every BIO made of it.
[[nodiscard]] OpensslHandle<bio_method_st> make_stream_method();

// The stream outlives the BIO and stays where it is.
[[nodiscard]] OpensslHandle<bio_st> make_stream_bio(const bio_method_st& method, TlsStream& stream);

}  // namespace broker::net
