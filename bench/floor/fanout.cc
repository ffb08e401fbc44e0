// SPDX-License-Identifier: Apache-2.0
#include "bench/floor/fanout.h"

#include <cstring>

namespace bench::floor {
namespace {

// RFC 6455 §5.2.
constexpr std::uint8_t control_bit = 0x08;
constexpr std::uint8_t length_bits = 0x7F;
constexpr std::uint8_t length_16 = 126;
constexpr std::uint8_t length_64 = 127;
constexpr std::size_t mask_bytes = 4;

std::uint64_t big_endian(const char* bytes, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = value << 8 | static_cast<std::uint8_t>(bytes[i]);
  return value;
}

void unmask(const char* from, std::size_t size, const char* mask, char* to) {
  std::uint64_t wide_mask = 0;
  std::memcpy(&wide_mask, mask, mask_bytes);
  std::memcpy(reinterpret_cast<char*>(&wide_mask) + mask_bytes, mask, mask_bytes);
  std::size_t at = 0;
  for (; at + sizeof wide_mask <= size; at += sizeof wide_mask) {
    std::uint64_t word = 0;
    std::memcpy(&word, from + at, sizeof word);
    word ^= wide_mask;
    std::memcpy(to + at, &word, sizeof word);
  }
  for (; at < size; ++at) to[at] = static_cast<char>(from[at] ^ mask[at % mask_bytes]);
}

}  // namespace

void Audience::add(int slot) {
  position_[static_cast<std::size_t>(slot)] = static_cast<std::uint32_t>(slots_.size());
  slots_.push_back(slot);
}

void Audience::remove(int slot) {
  const std::uint32_t position = position_[static_cast<std::size_t>(slot)];
  if (position == nobody) return;
  slots_[position] = slots_.back();
  position_[static_cast<std::size_t>(slots_[position])] = position;
  slots_.pop_back();
  position_[static_cast<std::size_t>(slot)] = nobody;
}

void Frames::rewrite(std::string_view bytes, std::string& out) {
  if (begun_.empty()) {
    begun_ = bytes.substr(rewrite_whole(bytes, out));
    return;
  }
  begun_ += bytes;
  begun_.erase(0, rewrite_whole(begun_, out));
}

// Returns how much it took. A server's frame is the client's without the mask, so `out` grows by no more than the
// input.
std::size_t Frames::rewrite_whole(std::string_view bytes, std::string& out) {
  const std::size_t before = out.size();
  out.resize(before + bytes.size());
  char* to = out.data() + before;
  std::size_t at = 0;
  while (bytes.size() - at >= 2) {
    const char* frame = bytes.data() + at;
    const auto opcode = static_cast<std::uint8_t>(frame[0]);
    const auto short_length = static_cast<std::uint8_t>(static_cast<std::uint8_t>(frame[1]) & length_bits);
    const std::size_t extended = short_length == length_16 ? 2 : short_length == length_64 ? 8 : 0;
    const std::size_t head = 2 + extended + mask_bytes;
    if (bytes.size() - at < head) break;
    const std::uint64_t length = extended == 0 ? short_length : big_endian(frame + 2, extended);
    if (bytes.size() - at - head < length) break;
    if ((opcode & control_bit) == 0) {
      to[0] = frame[0];
      to[1] = static_cast<char>(short_length);
      std::memcpy(to + 2, frame + 2, extended);
      to += 2 + extended;
      unmask(frame + head, length, frame + head - mask_bytes, to);
      to += length;
    }
    at += head + length;
  }
  out.resize(static_cast<std::size_t>(to - out.data()));
  return at;
}

}  // namespace bench::floor
