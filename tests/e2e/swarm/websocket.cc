// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/swarm/websocket.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "tests/e2e/swarm/http.h"

namespace swarm {
namespace {

constexpr std::size_t control_payload_max = 125;  // §5.5

std::string base64(const unsigned char* bytes, std::size_t size) {
  std::string out(4 * ((size + 2) / 3), '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes, static_cast<int>(size));
  return out;
}

std::string accept_of(const std::string& key) {
  const std::string text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // §1.3
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  return base64(digest, sizeof digest);
}

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char each : bytes) value = value << 8 | static_cast<unsigned char>(each);
  return value;
}

void append_big_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xff);
}

}  // namespace

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char each : text) {
    if (std::isalnum(static_cast<unsigned char>(each)) != 0) {
      out += each;
    } else {
      char escaped[4];
      std::snprintf(escaped, sizeof escaped, "%%%02X", static_cast<unsigned>(static_cast<unsigned char>(each)));
      out += escaped;
    }
  }
  return out;
}

WebSocket::WebSocket(const Surroundings& around, Handler& handler, std::string target, std::string protocol)
    : around_(around), handler_(handler), target_(std::move(target)), protocol_(std::move(protocol)) {}

WebSocket::~WebSocket() = default;

void WebSocket::dial(Link::Extra extra) {
  phase_ = Phase::connecting;
  close_code_ = no_close_frame;
  close_sent_ = false;
  link_ = Link::open(around_.loop, around_.dialer, *this, extra);
}

void WebSocket::on_open() {
  phase_ = Phase::upgrading;
  unsigned char nonce[16];  // §4.1
  for (unsigned char& each : nonce) each = static_cast<unsigned char>(masks_() >> 8);
  key_ = base64(nonce, sizeof nonce);
  std::string request = "GET " + target_ + " HTTP/1.1\r\nHost: " + around_.dialer.host() +
                        "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: " +
                        key_ + "\r\n";
  if (!protocol_.empty()) request += "Sec-WebSocket-Protocol: " + protocol_ + "\r\n";
  link_->send(request + "\r\n");
}

std::size_t WebSocket::on_bytes(std::string_view bytes) {
  std::size_t taken = 0;
  if (phase_ == Phase::upgrading) taken = read_upgrade(bytes);
  while (phase_ == Phase::open || phase_ == Phase::closing) {
    const std::size_t frame = read_frame(bytes.substr(taken));
    if (frame == 0) break;
    taken += frame;
  }
  return phase_ == Phase::none ? bytes.size() : taken;
}

std::size_t WebSocket::read_upgrade(std::string_view bytes) {
  const std::optional<HttpHead> head = read_head(bytes);
  if (!head) return 0;
  if (head->status != 101) {
    breach("the handshake was answered " + std::to_string(head->status));
  } else if (head->header("sec-websocket-accept") != accept_of(key_)) {
    breach("Sec-WebSocket-Accept is wrong");
  } else if (head->header("sec-websocket-protocol") != protocol_) {
    breach("the subprotocol is " + std::string(head->header("sec-websocket-protocol")));
  } else if (head->header("kodama-shard").empty()) {
    breach("Kodama-Shard is missing");
  } else {
    phase_ = Phase::open;
    handler_.on_ready(static_cast<unsigned>(std::atoi(std::string(head->header("kodama-shard")).c_str())));
  }
  return head->bytes;
}

std::size_t WebSocket::read_frame(std::string_view bytes) {
  if (bytes.size() < 2) return 0;
  const auto first = static_cast<std::uint8_t>(bytes[0]);
  const auto second = static_cast<std::uint8_t>(bytes[1]);
  if ((first & 0xf0) != 0x80 || (second & 0x80) != 0) {  // §5.2; this server has no reason to fragment
    breach("a frame begins with " + std::to_string(first) + ", " + std::to_string(second));
    return 0;
  }
  std::size_t header = 2;
  std::uint64_t size = second;
  if (second >= 126) {
    header += second == 126 ? 2 : 8;
    if (bytes.size() < header) return 0;
    size = big_endian(bytes.substr(2, header - 2));
    if (size < (second == 126 ? 126U : 65536U)) {
      breach("a frame's length is not in its shortest form");
      return 0;
    }
  }
  if (bytes.size() - header < size) return 0;
  on_frame(first & 0x0f, bytes.substr(header, size));
  return header + size;
}

void WebSocket::on_frame(std::uint8_t opcode, std::string_view payload) {
  if (close_code_ != no_close_frame) return breach("a frame stands behind the close frame");
  switch (opcode) {
    case opcode_text: return handler_.on_text(payload);
    case opcode_ping:
      if (payload.size() > control_payload_max) return breach("a ping of " + std::to_string(payload.size()));
      return send_frame(opcode_pong, payload);
    case opcode_close:
      close_code_ = payload.size() < 2 ? 1005 : static_cast<int>(big_endian(payload.substr(0, 2)));  // §7.1.5
      if (!std::exchange(close_sent_, true))
        send_frame(opcode_close, payload.substr(0, std::min<std::size_t>(2, payload.size())));
      phase_ = Phase::closing;  // the server ends the connection (§7.1.1)
      return;
    default: return breach("a frame of opcode " + std::to_string(opcode));
  }
}

void WebSocket::send_frame(std::uint8_t opcode, std::string_view payload) {
  if (link_ == nullptr) return;
  std::string out;
  out.reserve(payload.size() + 14);
  out += static_cast<char>(0x80 | opcode);
  if (payload.size() < 126) {
    out += static_cast<char>(0x80 | payload.size());
  } else if (payload.size() < 65536) {
    out += static_cast<char>(0x80 | 126);
    append_big_endian(out, payload.size(), 2);
  } else {
    out += static_cast<char>(0x80 | 127);
    append_big_endian(out, payload.size(), 8);
  }
  std::string mask;
  append_big_endian(mask, masks_(), 4);
  out += mask;
  for (std::size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(payload[i] ^ mask[i & 3]);
  link_->send(out);
}

void WebSocket::close(std::uint16_t code) {
  if (phase_ != Phase::open || std::exchange(close_sent_, true)) return;
  std::string payload;
  append_big_endian(payload, code, 2);
  send_frame(opcode_close, payload);
}

void WebSocket::drop(bool reset, bool torn_frame) {
  if (torn_frame && phase_ == Phase::open) link_->send("\x81\xfe\x01");  // half of a header
  phase_ = Phase::none;
  Link::drop(std::move(link_), reset);
}

void WebSocket::pause(bool paused) {
  if (link_ != nullptr) link_->pause(paused);
}

void WebSocket::on_lost(std::string_view) {
  phase_ = Phase::none;
  Link::drop(std::move(link_), false);
  handler_.on_closed(close_code_);
}

void WebSocket::breach(const std::string& what) {
  around_.findings.fail(target_ + ": " + what);
  drop(true, false);
  handler_.on_closed(close_code_);
}

}  // namespace swarm
