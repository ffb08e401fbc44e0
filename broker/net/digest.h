// SPDX-License-Identifier: Apache-2.0
// The few cryptographic primitives that the broker needs outside of TLS.
// Thread: any.
// Errors: none are possible; a machine without randomness ends the program.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace broker::net {

// For Sec-WebSocket-Accept (RFC 6455 §4.2.2), where it is no safeguard. Handed to proto/, which knows no OpenSSL.
void sha1(std::string_view in, unsigned char out[20]);

// Takes as long for a wrong key as for a right one, so that a key cannot be guessed byte by byte. The length shows.
[[nodiscard]] bool equal_in_constant_time(std::string_view left, std::string_view right);

// Cryptographically strong.
void random_bytes(std::span<std::uint8_t> out);

}  // namespace broker::net
