// SPDX-License-Identifier: Apache-2.0
// What the decoder's tests and its fuzz target share: a client's frames, and a decoder's events written down with the
// position at which each was told, so that any two ways of cutting the same bytes can be compared.
#pragma once

#include <algorithm>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "proto/websocket/decoder.h"

namespace proto::websocket {

inline constexpr Mask test_mask = {0x37, 0xFA, 0x21, 0x3D};  // RFC 6455 §5.7

// A client's frame. `first` is the whole first byte: FIN, RSV1 to 3, opcode.
inline std::string client_frame(std::uint8_t first, std::string_view payload, const Mask& mask = test_mask) {
  std::string frame;
  append_header(frame, Opcode::binary, payload.size());
  frame[0] = static_cast<char>(first);
  frame[1] = static_cast<char>(frame[1] | 0x80);
  frame.append(reinterpret_cast<const char*>(mask.data()), mask.size());
  for (std::size_t i = 0; i < payload.size(); ++i) frame.push_back(static_cast<char>(payload[i] ^ mask[i % 4]));
  return frame;
}

struct Told {
  Event::Type type = Event::Type::need_more;
  std::string payload = {};
  DataType data_type = DataType::text;
  bool rsv1 = false;
  std::uint16_t close_code = 0;
  Reason reason = Reason::peer_closed;
  std::size_t position = 0;  // bytes taken when it was told

  bool operator==(const Told&) const = default;
};

inline std::ostream& operator<<(std::ostream& out, const Told& told) {
  return out << "{type " << static_cast<int>(told.type) << ", " << told.payload.size() << " bytes \""
             << told.payload.substr(0, 40) << "\", data_type " << static_cast<int>(told.data_type) << ", rsv1 "
             << told.rsv1 << ", close_code " << told.close_code << ", reason " << facts(told.reason).label
             << ", position " << told.position << "}";
}

// Feeds pieces to a decoder as a connection does and writes down what it tells.
class Transcript {
 public:
  explicit Transcript(const DecoderOptions& options) : decoder(options) {}

  void feed(std::string_view bytes) {
    // A copy of exactly this size: the decoder writes into it, and the address sanitizer sees a step beyond it.
    std::vector<std::uint8_t> piece(bytes.begin(), bytes.end());
    std::span<std::uint8_t> rest(piece);
    while (true) {
      Event event;
      const std::size_t used = decoder.decode(rest, event);
      taken += used;
      rest = rest.subspan(used);
      if (event.type == Event::Type::need_more) break;
      told.push_back({event.type, std::string(event.payload.begin(), event.payload.end()), event.data_type, event.rsv1,
                      event.close_code, event.reason, taken});
    }
    left += rest.size();
  }

  Decoder decoder;
  std::vector<Told> told;
  std::size_t taken = 0;
  std::size_t left = 0;  // not taken: only after the end
};

// The bytes cut at the given positions, ascending.
inline std::vector<Told> replay(std::string_view bytes, const DecoderOptions& options,
                                const std::vector<std::size_t>& cuts) {
  Transcript transcript(options);
  std::size_t begin = 0;
  for (const std::size_t cut : cuts) {
    transcript.feed(bytes.substr(begin, cut - begin));
    begin = cut;
  }
  transcript.feed(bytes.substr(begin));
  return transcript.told;
}

inline std::vector<Told> replay_bytewise(std::string_view bytes, const DecoderOptions& options) {
  Transcript transcript(options);
  for (std::size_t i = 0; i < bytes.size(); ++i) transcript.feed(bytes.substr(i, 1));
  return transcript.told;
}

}  // namespace proto::websocket
