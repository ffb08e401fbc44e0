// SPDX-License-Identifier: Apache-2.0
// Any way of cutting a client's bytes gives the same events at the same positions, and no more memory is held than has
// come. The first byte chooses the options, the second the cuts; the rest is the stream.
#include <cstdint>
#include <cstdlib>

#include "../proto/websocket/transcript.h"

namespace {

using namespace proto::websocket;

void require(bool condition) {
  if (!condition) std::abort();
}

// A cheap sequence of piece sizes, 1 to 16, of which the input's second byte is the seed.
class Cuts {
 public:
  explicit Cuts(std::uint8_t seed) : state_(seed * 2u + 1u) {}
  std::size_t next() {
    state_ = state_ * 1664525u + 1013904223u;
    return 1 + (state_ >> 28);
  }

 private:
  std::uint32_t state_;
};

// A string doubles, and an interleaved control frame of up to 125 bytes stands behind the message.
void require_bounded(const Transcript& transcript) {
  require(transcript.decoder.buffered_bytes() <= 2 * transcript.taken + 256);
}

std::vector<Told> replay_cut(std::string_view stream, const DecoderOptions& options, std::uint8_t seed) {
  Transcript transcript(options);
  Cuts cuts(seed);
  while (!stream.empty()) {
    const std::string_view piece = stream.substr(0, cuts.next());
    transcript.feed(piece);
    require_bounded(transcript);
    stream.remove_prefix(piece.size());
  }
  return transcript.told;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const DecoderOptions options = {.message_bytes_max = (data[0] & 1) != 0 ? 32u : 1u << 20,
                                  .fragments_max = (data[0] & 2) != 0 ? 3u : 1000u,
                                  .rsv1_allowed = (data[0] & 4) != 0};
  const std::string_view stream(reinterpret_cast<const char*>(data) + 2, size - 2);
  Transcript whole(options);
  whole.feed(stream);
  require_bounded(whole);
  require(whole.taken + whole.left == stream.size());
  require(whole.left == 0 || whole.decoder.finished());
  for (const Told& told : whole.told) {
    if (told.type != Event::Type::message) continue;
    const std::uint64_t most = options.message_bytes_max;
    require(told.payload.size() <= (told.rsv1 ? compressed_bytes_max(most) : most));
    require(told.data_type == proto::DataType::binary || told.rsv1 || proto::is_valid_utf8(told.payload));
  }
  require(replay_bytewise(stream, options) == whole.told);
  require(replay_cut(stream, options, data[1]) == whole.told);
  return 0;
}
