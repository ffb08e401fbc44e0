// SPDX-License-Identifier: Apache-2.0
// The client's side of a WebSocket (RFC 6455): the upgrade, the server's frames in, masked frames out.
//
// Thread: one. Owns: the part of a frame that came, and the pieces of a fragmented message.
// Borrows: nothing between calls; a message that is whole in the input is handed on from there, without a copy.
// Errors: on_bytes() is false and error() says what a correct server would not have sent, or why it closed.
// Limits: a frame has at most frame_bytes_max; permessage-deflate is spoken where there is an unpacker, and then whole
//   frames alone are compressed.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "bench/load/unpacker.h"

namespace bench::load {

class WebSocketClient {
 public:
  enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };  // §5.2
  static constexpr std::size_t frame_bytes_max = std::size_t{64} << 20;

  // With an unpacker the server has to agree on permessage-deflate: `headers` of the request offer it.
  explicit WebSocketClient(Unpacker* unpacker = nullptr) : unpacker_(unpacker) {}

  // Appends the request. `headers`: further whole lines, each with its CRLF, or "".
  static void append_upgrade(std::string_view path, std::string_view host, std::string_view headers, std::string& out);
  // Appends one final frame, masked as a client must (§5.3).
  static void append_frame(Opcode opcode, std::string_view payload, std::string& out);

  // The 101 came, and it was the right one.
  [[nodiscard]] bool upgraded() const { return upgraded_; }
  [[nodiscard]] const std::string& error() const { return error_; }

  // Takes all of the bytes. Calls handler(std::string_view message, bool binary) -> bool for each message, in order;
  // false ends it, and on_bytes() is false then with the handler's reason in the handler's hands: error() stays empty.
  // The message's bytes live until the handler returns. Answers to pings are appended to `out`.
  template <class Handler>
  [[nodiscard]] bool on_bytes(std::span<const char> bytes, std::string& out, Handler&& handler);

 private:
  enum class Other { nothing, message, failed };
  struct Frame {
    std::uint8_t first;  // FIN, reserved bits and opcode
    std::string_view payload;
  };

  // How long the frame at the front is, as far as its head is there to tell; more than input.size() while it is
  // incomplete.
  static std::size_t frame_bytes(std::string_view input);
  static Frame split(std::string_view whole);
  bool take_head(std::string_view& input);
  bool fail(std::string what);
  bool check_bytes(std::size_t bytes);
  Other take_other(Frame frame, std::string& out);
  template <class Handler>
  bool take(Frame frame, std::string& out, Handler& handler);

  Unpacker* unpacker_;
  bool upgraded_ = false;
  bool assembling_ = false;
  bool assembled_binary_ = false;
  std::string partial_;    // the head of the response, then the begun frame
  std::string assembled_;  // the fragments of a message
  std::string error_;
};

inline std::size_t WebSocketClient::frame_bytes(std::string_view input) {
  if (input.size() < 2) return 2;
  const auto byte = [&](std::size_t at) { return static_cast<std::size_t>(static_cast<unsigned char>(input[at])); };
  const std::size_t length = byte(1);  // a mask bit makes it more than 127: refused as too long
  if (length < 126) return 2 + length;
  if (length == 126) return input.size() < 4 ? 4 : 4 + (byte(2) << 8 | byte(3));
  if (length > 127) return SIZE_MAX;
  if (input.size() < 10) return 10;
  std::size_t wide = 0;
  for (std::size_t at = 2; at < 10; ++at) wide = wide << 8 | byte(at);
  return wide > frame_bytes_max ? SIZE_MAX : 10 + wide;
}

inline WebSocketClient::Frame WebSocketClient::split(std::string_view whole) {
  const unsigned length = static_cast<unsigned char>(whole[1]);
  const std::size_t head = length < 126 ? 2 : length == 126 ? 4 : 10;
  return {static_cast<std::uint8_t>(whole[0]), whole.substr(head)};
}

template <class Handler>
[[gnu::always_inline]] inline bool WebSocketClient::take(Frame frame, std::string& out, Handler& handler) {
  constexpr std::uint8_t final_text = 0x81;
  constexpr std::uint8_t final_binary = 0x82;
  if ((frame.first == final_text || frame.first == final_binary) && !assembling_) [[likely]] {
    return handler(frame.payload, frame.first == final_binary);
  }
  constexpr std::uint8_t compressed_text = 0xc1;  // FIN, RSV1
  constexpr std::uint8_t compressed_binary = 0xc2;
  if (unpacker_ != nullptr && (frame.first == compressed_text || frame.first == compressed_binary) && !assembling_) {
    const auto message = unpacker_->unpack(frame.payload);
    if (!message) return fail("a message is not what deflate makes");
    return handler(*message, frame.first == compressed_binary);
  }
  switch (take_other(frame, out)) {
    case Other::nothing: return true;
    case Other::failed: return false;
    case Other::message: break;
  }
  const bool good = handler(std::string_view(assembled_), assembled_binary_);
  assembled_.clear();
  return good;
}

template <class Handler>
bool WebSocketClient::on_bytes(std::span<const char> bytes, std::string& out, Handler&& handler) {
  std::string_view input(bytes.data(), bytes.size());
  if (!upgraded_ && !take_head(input)) return error_.empty();
  while (!input.empty()) {
    if (partial_.empty()) [[likely]] {
      const std::size_t whole = frame_bytes(input);
      if (whole > input.size()) {
        if (!check_bytes(whole)) return false;
        partial_.assign(input);
        return true;
      }
      if (!take(split(input.substr(0, whole)), out, handler)) return false;
      input.remove_prefix(whole);
      continue;
    }
    const std::size_t wanted = frame_bytes(partial_);  // of the head first, then of the whole frame
    if (!check_bytes(wanted)) return false;
    const std::size_t more = wanted - partial_.size() < input.size() ? wanted - partial_.size() : input.size();
    partial_.append(input.substr(0, more));
    input.remove_prefix(more);
    if (frame_bytes(partial_) != partial_.size()) continue;
    if (!take(split(partial_), out, handler)) return false;
    partial_.clear();
  }
  return true;
}

}  // namespace bench::load
