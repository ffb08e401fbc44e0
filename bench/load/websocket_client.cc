// SPDX-License-Identifier: Apache-2.0
#include "bench/load/websocket_client.h"

#include <cstring>
#include <utility>

namespace bench::load {
namespace {

// A constant key and its answer (RFC 6455 §1.3), so that a server that answers a constant can be measured as well.
constexpr std::string_view upgrade_key = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view upgrade_accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
constexpr std::size_t head_bytes_max = 16384;
// Not zero, so that a server has to unmask; constant, because this is no browser that a page could abuse.
constexpr char mask[9] = "\x37\xfa\x21\x3d\x37\xfa\x21\x3d";
constexpr std::uint8_t final_bit = 0x80;
constexpr std::uint8_t reserved_bits = 0x70;
constexpr std::uint8_t opcode_bits = 0x0f;

}  // namespace

void WebSocketClient::append_upgrade(std::string_view path, std::string_view host, std::string_view headers,
                                     std::string& out) {
  out.append("GET ").append(path).append(" HTTP/1.1\r\nHost: ").append(host);
  out.append("\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ");
  out.append(upgrade_key).append("\r\n").append(headers).append("\r\n");
}

void WebSocketClient::append_frame(Opcode opcode, std::string_view payload, std::string& out) {
  char head[14];
  std::size_t head_bytes = 2;
  head[0] = static_cast<char>(final_bit | static_cast<std::uint8_t>(opcode));
  const std::size_t length = payload.size();
  if (length < 126) {
    head[1] = static_cast<char>(0x80 | length);
  } else {
    const std::size_t wide = length <= 0xffff ? 2 : 8;
    head[1] = static_cast<char>(0x80 | (wide == 2 ? 126 : 127));
    for (std::size_t at = 0; at < wide; ++at) head[2 + at] = static_cast<char>(length >> 8 * (wide - 1 - at));
    head_bytes += wide;
  }
  std::memcpy(head + head_bytes, mask, 4);
  out.append(head, head_bytes + 4);
  const std::size_t begin = out.size();
  out.append(payload);
  char* at = out.data() + begin;
  std::size_t left = length;
  std::uint64_t key;
  std::memcpy(&key, mask, sizeof key);
  for (; left >= sizeof key; at += sizeof key, left -= sizeof key) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    word ^= key;
    std::memcpy(at, &word, sizeof word);
  }
  for (std::size_t rest = 0; rest < left; ++rest) at[rest] = static_cast<char>(at[rest] ^ mask[rest]);
}

bool WebSocketClient::fail(std::string what) {
  error_ = std::move(what);
  return false;
}

bool WebSocketClient::check_bytes(std::size_t bytes) {
  return bytes != SIZE_MAX || fail("a frame of the server is masked or too long");
}

// Leaves in `input` what follows the head. False while the head is incomplete, and when it is refused.
bool WebSocketClient::take_head(std::string_view& input) {
  const std::size_t had = partial_.size();
  partial_.append(input);
  const std::size_t end = partial_.find("\r\n\r\n");
  if (end == std::string::npos) return partial_.size() > head_bytes_max && fail("the upgrade's answer does not end");
  const std::string_view head(partial_.data(), end);
  if (!head.starts_with("HTTP/1.1 101")) {
    return fail("the upgrade was refused: " + std::string(head.substr(0, head.find("\r\n"))));
  }
  if (head.find(upgrade_accept) == std::string_view::npos) return fail("the upgrade's Sec-WebSocket-Accept is wrong");
  if (unpacker_ != nullptr && head.find("Sec-WebSocket-Extensions: permessage-deflate") == std::string_view::npos) {
    return fail("the server does not agree on permessage-deflate");
  }
  input.remove_prefix(end + 4 - had);
  partial_.clear();
  upgraded_ = true;
  return true;
}

WebSocketClient::Other WebSocketClient::take_other(Frame frame, std::string& out) {
  const auto failed = [&](std::string what) {
    fail(std::move(what));
    return Other::failed;
  };
  if ((frame.first & reserved_bits) != 0)
    return failed("a frame has reserved bits set, and no extension was agreed on");
  const bool final = (frame.first & final_bit) != 0;
  const auto opcode = static_cast<Opcode>(frame.first & opcode_bits);
  switch (opcode) {
    case Opcode::text:
    case Opcode::binary:
      if (assembling_) return failed("a message begins inside of another");
      assembling_ = true;
      assembled_binary_ = opcode == Opcode::binary;
      assembled_.assign(frame.payload);
      return Other::nothing;
    case Opcode::continuation:
      if (!assembling_) return failed("a continuation of nothing");
      assembled_.append(frame.payload);
      if (assembled_.size() > frame_bytes_max) return failed("a message is too long");
      if (!final) return Other::nothing;
      assembling_ = false;
      return Other::message;
    case Opcode::ping: append_frame(Opcode::pong, frame.payload, out); return Other::nothing;
    case Opcode::pong: return Other::nothing;
    case Opcode::close: {
      std::string what = "the server closed";
      if (frame.payload.size() >= 2) {
        const auto byte = [&](std::size_t at) {
          return static_cast<unsigned>(static_cast<unsigned char>(frame.payload[at]));
        };
        what += " with " + std::to_string(byte(0) << 8 | byte(1)) + " " + std::string(frame.payload.substr(2));
      }
      return failed(std::move(what));
    }
  }
  return failed("a frame of an unknown kind");
}

}  // namespace bench::load
