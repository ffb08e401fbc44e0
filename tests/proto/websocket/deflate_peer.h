// SPDX-License-Identifier: Apache-2.0
// A client's compressor (RFC 7692 §7.2.1), by zlib alone; and contents to compress.
#pragma once

#include <zlib.h>

#include <random>
#include <stdexcept>
#include <string>
#include <string_view>

namespace proto::websocket {

// A block with Huffman tables of its own that holds nothing but its end, and an empty one up to the byte's boundary.
inline constexpr std::string_view empty_block_with_tables(
    "\x04\xc0\x81\x00\x00\x00\x00\x00\x90\xff\x6b\x00\x00\x00\xff\xff", 16);

class DeflatePeer {
 public:
  enum class Content { json, noise };

  explicit DeflatePeer(int bits = 15) {
    if (deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -bits, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::logic_error("deflateInit2");
    }
  }
  ~DeflatePeer() { deflateEnd(&stream_); }
  DeflatePeer(const DeflatePeer&) = delete;
  DeflatePeer& operator=(const DeflatePeer&) = delete;

  // A whole message, with a new window.
  std::string message(std::string_view text) {
    deflateReset(&stream_);
    return goes_on(text);
  }
  // A whole message that may refer to those before it.
  std::string goes_on(std::string_view text) {
    std::string compressed = fragment(text);
    if (compressed.ends_with(tail)) compressed.resize(compressed.size() - tail.size());
    return compressed;
  }
  // A flushed part of a message.
  std::string fragment(std::string_view text) {
    std::string out(deflateBound(&stream_, text.size()) + 64, '\0');
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream_.avail_in = static_cast<uInt>(text.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    const int result = deflate(&stream_, Z_SYNC_FLUSH);
    if (result != Z_OK && result != Z_BUF_ERROR) throw std::logic_error("deflate");
    out.resize(out.size() - stream_.avail_out);
    return out;
  }

  static std::string make(Content content, std::size_t size, std::uint_fast32_t seed) {
    std::mt19937 random(seed);
    std::string made;
    while (made.size() < size) {
      if (content == Content::noise) {
        made += static_cast<char>(random());
      } else {
        made += "{\"id\":" + std::to_string(random() % 100'000) + ",\"user\":\"user " + std::to_string(random() % 50) +
                "\",\"price\":" + std::to_string(random() % 1000) + "},";
      }
    }
    made.resize(size);
    return made;
  }

 private:
  static constexpr std::string_view tail{"\x00\x00\xff\xff", 4};
  z_stream stream_{};
};

}  // namespace proto::websocket
