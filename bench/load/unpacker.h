// SPDX-License-Identifier: Apache-2.0
// Takes permessage-deflate off whole messages (RFC 7692), for all connections of a load: whoever compresses a message
// once for all sends the same bytes to all, and then they are inflated once and compared after that.
//
// Thread: one. Owns: zlib's state and the newest messages in both forms. Errors: null for what is not deflate.
// Limits: a message has at most message_bytes_max; no window goes on from message to message.
#pragma once

#include <zlib.h>

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace bench::load {

class Unpacker {
 public:
  static constexpr std::size_t message_bytes_max = 2 << 20;
  static constexpr std::string_view offer =
      "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n";

  Unpacker();
  ~Unpacker();
  Unpacker(const Unpacker&) = delete;
  Unpacker& operator=(const Unpacker&) = delete;

  // The message; it lives until the next call.
  [[nodiscard]] std::optional<std::string_view> unpack(std::string_view compressed) {
    constexpr std::size_t telling_bytes = 64;  // the message's number is in them
    Known& known = known_[std::hash<std::string_view>()(compressed.substr(0, telling_bytes)) % known_.size()];
    if (known.compressed != compressed && !inflate(compressed, known)) return std::nullopt;
    return known.message;
  }

 private:
  struct Known {
    std::string compressed;
    std::string message;
  };
  bool inflate(std::string_view compressed, Known& known);

  z_stream stream_{};
  std::string room_;
  std::array<Known, 256> known_;
};

}  // namespace bench::load
