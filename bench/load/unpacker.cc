// SPDX-License-Identifier: Apache-2.0
#include "bench/load/unpacker.h"

#include <cstdlib>

namespace bench::load {
namespace {

constexpr int raw_window_bits = -15;                     // negative: no zlib header
constexpr std::string_view tail("\x00\x00\xff\xff", 4);  // RFC 7692 §7.2.2: what the sender has left away

}  // namespace

Unpacker::Unpacker() : room_(message_bytes_max, '\0') {
  if (inflateInit2(&stream_, raw_window_bits) != Z_OK) std::abort();  // no memory
}

Unpacker::~Unpacker() { inflateEnd(&stream_); }

bool Unpacker::inflate(std::string_view compressed, Known& known) {
  known.compressed.assign(compressed).append(tail);
  inflateReset(&stream_);
  stream_.next_in = reinterpret_cast<Bytef*>(known.compressed.data());
  stream_.avail_in = static_cast<uInt>(known.compressed.size());
  stream_.next_out = reinterpret_cast<Bytef*>(room_.data());
  stream_.avail_out = static_cast<uInt>(room_.size());
  const int result = ::inflate(&stream_, Z_SYNC_FLUSH);
  known.compressed.resize(compressed.size());
  known.message.assign(room_, 0, room_.size() - stream_.avail_out);
  if (result == Z_OK && stream_.avail_in == 0) return true;
  known.compressed.clear();
  return false;
}

}  // namespace bench::load
