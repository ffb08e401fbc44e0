// SPDX-License-Identifier: Apache-2.0
// Puts permessage-deflate on frames that are to be sent (RFC 7692 §7.2.1), each by itself: no window goes on from one
// to the next, so that one result serves everybody who has agreed on that size of window. Thread: one at a time. Owns:
// zlib's state, 50 to 260 KiB for each size of window that has been asked for. Errors: none; what cannot be compressed,
// or is longer then, stays as it was.
#pragma once

#include <zlib.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proto/websocket/extensions.h"

namespace proto::websocket {

struct DeflaterOptions {
  std::size_t payload_bytes_min = 0;  // below it compression does not pay
  std::size_t payload_bytes_max = 0;  // above it it would take too long at a time
};

class Deflater {
 public:
  struct Done {
    std::uint64_t messages = 0;      // that were compressed
    std::uint64_t bytes_before = 0;  // of their payloads
    std::uint64_t bytes_after = 0;
  };

  explicit Deflater(const DeflaterOptions& options) : options_(options) {}

  // Compresses the whole frames that begin at `begin`, where that makes them shorter. `window_bits`: 9 to 15.
  // Requires: final frames as frame.h writes them.
  Done compress_frames(std::string& frames, std::size_t begin, std::uint8_t window_bits);

 private:
  struct End {
    void operator()(z_stream* stream) const;
  };
  using Stream = std::unique_ptr<z_stream, End>;

  [[nodiscard]] z_stream* stream_of(std::uint8_t window_bits);
  // Of the payload's compressed form. Empty: it would not be shorter.
  [[nodiscard]] std::string_view compress(std::string_view payload, z_stream& stream);

  const DeflaterOptions options_;
  std::array<Stream, window_bits_max - server_window_bits_min + 1> streams_;
  std::string compressed_;
  std::string rewritten_;
};

}  // namespace proto::websocket
