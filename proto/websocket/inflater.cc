// SPDX-License-Identifier: Apache-2.0
#include "proto/websocket/inflater.h"

#include <algorithm>

namespace proto::websocket {
namespace {

constexpr int raw_window_bits = -15;  // negative: no zlib header; any smaller window is understood too
constexpr std::size_t window_bytes_max = 32768;
constexpr char tail[] = {'\x00', '\x00', '\xff', '\xff'};  // §7.2.1: what the sender has left away
constexpr std::size_t room_bytes_least = 16 * 1024;
constexpr std::size_t room_bytes_kept = 64 * 1024;

// A block with Huffman tables of its own costs zlib about 2 µs, and can be said in 12 bytes: a MiB of them is a fifth
// of a second. What compressors write gives hundreds of bytes a table.
constexpr std::size_t costly_free = 64;
constexpr std::size_t bytes_for_one_costly = 64;

// z_stream::data_type behind inflate(), as zlib.h describes it.
constexpr int unused_bits_mask = 7;
constexpr int last_block_bit = 64;
constexpr int between_blocks_bit = 128;
constexpr unsigned dynamic_tables = 2;  // BTYPE, RFC 1951 §3.2.3

Bytef* bytes(const char* at) { return reinterpret_cast<Bytef*>(const_cast<char*>(at)); }

}  // namespace

void Inflater::End::operator()(z_stream* stream) const {
  inflateEnd(stream);
  delete stream;
}

std::optional<Reason> Inflater::inflate(std::span<const char> in, SenderWindow* window) {
  out_bytes_ = 0;
  costly_ = 0;
  between_blocks_ = true;
  if (!begin(window)) return Reason::internal_error;
  if (const auto wrong = feed(in, window)) return wrong;
  // Some senders leave away all of an empty block, or end the stream instead (§7.2.3.4): then there is nothing to add.
  if (!between_blocks_) {
    if (const auto wrong = feed(tail, window)) return wrong;
    if (!between_blocks_) return Reason::invalid_deflate;
  }
  if (window != nullptr) remember(*window);
  return std::nullopt;
}

void Inflater::release() {
  if (out_.size() <= room_bytes_kept) return;
  std::string().swap(out_);
  out_bytes_ = 0;
}

bool Inflater::begin(const SenderWindow* window) {
  if (stream_ == nullptr) {
    stream_.reset(new z_stream{});
    if (inflateInit2(stream_.get(), raw_window_bits) != Z_OK) {
      stream_.reset();
      return false;
    }
  } else if (inflateReset(stream_.get()) != Z_OK) {
    return false;
  }
  return look_back_at(window);
}

bool Inflater::look_back_at(const SenderWindow* window) {
  if (window == nullptr || window->bytes.empty()) return true;
  return inflateSetDictionary(stream_.get(), bytes(window->bytes.data()), static_cast<uInt>(window->bytes.size())) ==
         Z_OK;
}

std::optional<Reason> Inflater::feed(std::span<const char> in, const SenderWindow* window) {
  z_stream& stream = *stream_;
  stream.next_in = bytes(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  while (true) {
    make_room();
    stream.next_out = bytes(out_.data() + out_bytes_);
    stream.avail_out = static_cast<uInt>(out_.size() - out_bytes_);
    const int result = ::inflate(&stream, Z_BLOCK);
    out_bytes_ = out_.size() - stream.avail_out;
    if (out_bytes_ > message_bytes_max_) return Reason::message_too_big;
    if (result == Z_BUF_ERROR) return std::nullopt;  // all was taken before
    if (result == Z_STREAM_END) {
      // §7.2.3.4: a final block ends the stream, not the message. What follows may look back behind it.
      if (!may_cost_more() || inflateReset(&stream) != Z_OK || !look_back_at(window)) return Reason::invalid_deflate;
      const std::size_t newest = std::min(out_bytes_, window_bytes_max);
      inflateSetDictionary(&stream, bytes(out_.data() + out_bytes_ - newest), static_cast<uInt>(newest));
      between_blocks_ = true;
      if (stream.avail_in == 0) return std::nullopt;
      continue;
    }
    if (result != Z_OK) return Reason::invalid_deflate;
    const bool at_block = (stream.data_type & between_blocks_bit) != 0;
    if (at_block && (stream.data_type & last_block_bit) != 0) continue;  // the stream's end comes next
    between_blocks_ = at_block && (stream.data_type & unused_bits_mask) == 0;
    if (stream.avail_in == 0 && stream.avail_out > 0) return std::nullopt;
    if (at_block && stream.avail_in > 0 && next_block_is_costly() && !may_cost_more()) return Reason::invalid_deflate;
  }
}

// Looks at the three bits of the block's header: they stand in what is left of the last byte that zlib has taken, and
// in the next one. Requires: zlib stands before a block, behind at least one byte, and there is another.
bool Inflater::next_block_is_costly() const {
  const int unused = stream_->data_type & unused_bits_mask;
  const unsigned taken = unused == 0 ? 0 : static_cast<unsigned>(stream_->next_in[-1]) >> (8 - unused);
  const unsigned bits = taken | static_cast<unsigned>(*stream_->next_in) << unused;
  return (bits >> 1 & 3) == dynamic_tables;
}

bool Inflater::may_cost_more() { return ++costly_ <= costly_free + out_bytes_ / bytes_for_one_costly; }

// One byte more than is allowed, so that zlib is never out of room without the message being too big.
void Inflater::make_room() {
  if (out_bytes_ < out_.size()) return;
  out_.resize(std::min(std::max(room_bytes_least, 2 * out_.size()), message_bytes_max_ + 1));
}

void Inflater::remember(SenderWindow& window) const {
  window.bytes.reserve(window.bytes_max);
  const std::size_t newest = std::min(out_bytes_, window.bytes_max);
  const std::size_t kept = std::min(window.bytes.size(), window.bytes_max - newest);
  window.bytes.erase(0, window.bytes.size() - kept);
  window.bytes.append(out_, out_bytes_ - newest, newest);
}

}  // namespace proto::websocket
