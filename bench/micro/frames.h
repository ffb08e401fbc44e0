// SPDX-License-Identifier: Apache-2.0
// What a client sends: masked frames (RFC 6455 §5.3) and the head of its request.
// Thread: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bench::micro {

inline constexpr std::size_t message_bytes = 128;  // the size that all of bench/ speaks of

// Appends one final text frame.
inline void append_masked_text(std::vector<std::uint8_t>& out, std::string_view payload) {
  constexpr std::uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
  out.push_back(0x81);  // FIN, text
  const auto append_length = [&](std::uint8_t form, int bytes) {
    out.push_back(0x80 | form);
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
      out.push_back(static_cast<std::uint8_t>(payload.size() >> shift));
  };
  if (payload.size() < 126) {
    append_length(static_cast<std::uint8_t>(payload.size()), 0);
  } else if (payload.size() < 65536) {
    append_length(126, 2);
  } else {
    append_length(127, 8);
  }
  out.insert(out.end(), mask, mask + 4);
  for (std::size_t i = 0; i < payload.size(); ++i)
    out.push_back(static_cast<std::uint8_t>(static_cast<std::uint8_t>(payload[i]) ^ mask[i % 4]));
}

// As a current browser asks for a WebSocket, its cookie left out.
inline std::string browser_upgrade(std::string_view target) {
  std::string head = "GET ";
  head += target;
  head +=
      " HTTP/1.1\r\n"
      "Host: broker.example.com\r\n"
      "Connection: Upgrade\r\n"
      "Pragma: no-cache\r\n"
      "Cache-Control: no-cache\r\n"
      "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
      "Safari/537.36\r\n"
      "Upgrade: websocket\r\n"
      "Origin: http://broker.example.com\r\n"
      "Sec-WebSocket-Version: 13\r\n"
      "Accept-Encoding: gzip, deflate, br, zstd\r\n"
      "Accept-Language: en-US,en;q=0.9\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
      "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
      "Sec-WebSocket-Protocol: kodama.v1.json\r\n"
      "\r\n";
  return head;
}

}  // namespace bench::micro
