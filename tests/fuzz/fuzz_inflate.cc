// SPDX-License-Identifier: Apache-2.0
// A compressed message is inflated within its limit or refused with one of two reasons; the same whether or not others
// were inflated before it; and what our own compressor makes of the result is inflated to it again. The input's first
// byte: its lowest bit lets the window go on, over two copies of the message.
#include <cstdint>
#include <cstdlib>

#include "proto/websocket/deflater.h"
#include "proto/websocket/frame.h"
#include "proto/websocket/inflater.h"

namespace {

using namespace proto::websocket;

constexpr std::size_t message_bytes_max = 100'000;
constexpr std::size_t window_bytes = 1024;

void require(bool condition) {
  if (!condition) std::abort();
}

std::optional<std::string> inflate(Inflater& inflater, std::string_view in, SenderWindow* window) {
  const std::vector<char> bytes(in.begin(), in.end());  // of exactly this size, for the address sanitizer
  const auto wrong = inflater.inflate(bytes, window);
  const std::span<char> message = inflater.message();
  require(message.size() <= message_bytes_max + (wrong ? 1 : 0));
  require(window == nullptr || window->bytes.size() <= window->bytes_max);
  if (!wrong) return std::string(message.begin(), message.end());
  require(*wrong == proto::Reason::invalid_deflate || *wrong == proto::Reason::message_too_big);
  return std::nullopt;
}

void compress_and_inflate(const std::string& message, std::uint8_t window_bits) {
  Deflater deflater({.payload_bytes_min = 0, .payload_bytes_max = message_bytes_max});
  std::string plain;
  append_frame(plain, Opcode::binary, message);
  std::string frame = plain;
  if (deflater.compress_frames(frame, 0, window_bits).messages == 0) return require(frame == plain);
  require(frame.size() <= plain.size());
  const auto form = static_cast<std::uint8_t>(frame[1]);
  Inflater inflater(message_bytes_max);
  require(inflate(inflater, std::string_view(frame).substr(form < 126 ? 2 : form == 126 ? 4 : 10), nullptr) == message);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view in(reinterpret_cast<const char*>(data) + 1, size - 1);
  Inflater inflater(message_bytes_max);
  SenderWindow window{.bytes = {}, .bytes_max = window_bytes};
  SenderWindow* const goes_on = (data[0] & 1) != 0 ? &window : nullptr;
  const auto first = inflate(inflater, in, goes_on);
  const auto second = inflate(inflater, in, goes_on);
  if (goes_on == nullptr) require(first == second);
  if (first) {
    require(goes_on == nullptr || second.has_value());  // it looked back at nothing, and may now
    compress_and_inflate(*first, static_cast<std::uint8_t>(9 + (data[0] >> 1) % 7));
  }
  return 0;
}
