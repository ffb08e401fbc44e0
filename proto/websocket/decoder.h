// SPDX-License-Identifier: Apache-2.0
// Client-to-server WebSocket frames (RFC 6455 §5): bytes in, in pieces of any size; messages, pings, pongs, close out.
// Thread: one at a time. Owns: the beginning of a message that has not wholly arrived. It grows with the bytes that
//   came, never by the length that the peer declared, and is given back with the message; idle, it owns no heap.
// Errors: the peer's first mistake becomes an `error` event at the byte that makes it, behind the events before it.
// Limits: DecoderOptions; a declared length is held against them before the payload comes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "proto/reason.h"
#include "proto/session.h"
#include "proto/utf8.h"
#include "proto/websocket/frame.h"
#include "proto/websocket/unmask.h"

namespace proto::websocket {

struct DecoderOptions {
  std::uint64_t message_bytes_max = 0;  // of one message, over all its fragments
  std::uint32_t fragments_max = 100'000;
  // The seam of permessage-deflate: RSV1 is taken on the first frame of a message and told in the event. Such a text is
  // not UTF-8 yet and is not checked here, and the message may be longer by what compressing the incompressible adds.
  bool rsv1_allowed = false;
};

// What a message of that length may be when its sender compresses it whether that helps or not: zlib with the least
// memory, flushed now and then, adds a twentieth.
[[nodiscard]] constexpr std::uint64_t compressed_bytes_max(std::uint64_t message_bytes) {
  return message_bytes + message_bytes / 16 + 1024;
}

struct Event {
  enum class Type : std::uint8_t { need_more, message, ping, pong, close, error };
  Type type = Type::need_more;
  DataType data_type = DataType::text;  // of a message; text has been checked to be UTF-8
  bool rsv1 = false;                    // of a message
  Reason reason = Reason::peer_closed;  // of an error: what to close with
  std::uint16_t close_code = 0;         // of a close; 0 when the peer gave none (§7.1.5)
  std::span<char> payload;              // of a message, ping, pong; of a close, the peer's text
};

// Whether a peer may send it in a close frame: §7.4 and the IANA registry of close codes.
[[nodiscard]] bool is_valid_close_code(std::uint16_t code);

class Decoder {
 public:
  explicit Decoder(const DecoderOptions& options)
      : message_bytes_max_(options.message_bytes_max),
        fragments_max_(options.fragments_max),
        rsv1_allowed_(options.rsv1_allowed) {}
  // Movable between two calls of decode(); the moved-from one may only be assigned to.
  Decoder(Decoder&&) = default;
  Decoder& operator=(Decoder&&) = default;

  // Takes bytes up to the end of the next event and returns how many; they are unmasked in place. The caller goes on
  // with the rest until `need_more` comes: only that says that all was taken, and that the last event's memory is given
  // back. `event.payload` stands until the next call; it lies in `in` whenever the whole frame does.
  //
  // After an error or a close nothing more is taken. After a close that *we* have sent the caller still decodes, drops
  // the messages, and waits for the peer's close (§7.1.1).
  std::size_t decode(std::span<std::uint8_t> in, Event& event);

  // For the next messages, which may be another connection's. Requires: !in_message().
  void allow_rsv1(bool allowed) { rsv1_allowed_ = allowed; }

  // An error or a close has been told.
  [[nodiscard]] bool finished() const { return stage_ == Stage::finished; }
  // Something has begun and not ended: a frame, or a message of which fragments are missing.
  [[nodiscard]] bool in_message() const;
  // What is held on the heap, for the accounts of the connection.
  [[nodiscard]] std::size_t buffered_bytes() const;

 private:
  enum class Stage : std::uint8_t { first, second, length, mask, payload, finished };

  [[nodiscard]] std::optional<Reason> take_header(std::span<const std::uint8_t> in, std::size_t& used);
  [[nodiscard]] std::optional<Reason> take_first_byte(std::uint8_t byte);
  [[nodiscard]] std::optional<Reason> take_second_byte(std::uint8_t byte);
  [[nodiscard]] std::optional<Reason> take_length_byte(std::uint8_t byte);
  [[nodiscard]] std::optional<Reason> take_length(std::uint64_t payload_bytes);
  std::size_t take_mask(std::span<const std::uint8_t> in);
  std::size_t take_payload(std::span<std::uint8_t> in, Event& event);
  std::span<char> collect(std::span<std::uint8_t> piece);
  void end_message(std::span<char> payload, Event& event);
  void end_control(std::span<char> payload, Event& event);
  void end_close(std::span<char> payload, Event& event);
  void fail(Reason reason, Event& event);
  void release_last_event();

  [[nodiscard]] bool is_control() const { return (static_cast<std::uint8_t>(opcode_) & 0x8) != 0; }  // §5.5
  [[nodiscard]] bool is_open() const { return message_opcode_ != Opcode::continuation; }

  std::string assembly_;  // the message so far, and behind it what came of an interleaved control frame
  std::uint64_t message_bytes_max_;
  std::uint64_t message_bytes_ = 0;  // declared by the message's frames so far
  std::uint64_t frame_left_ = 0;     // payload bytes still to come
  std::uint32_t fragments_max_;
  std::uint32_t fragments_ = 0;  // of the message so far
  Mask mask_ = {};
  Stage stage_ = Stage::first;
  Opcode opcode_ = Opcode::continuation;          // of the frame
  Opcode message_opcode_ = Opcode::continuation;  // text or binary; continuation: no message is open
  Utf8Validator utf8_;
  std::uint8_t length_form_ = 0;  // bytes of the extended length, 2 or 8
  std::uint8_t header_left_ = 0;  // bytes of the extended length or of the mask still to come
  std::uint8_t phase_ = 0;        // of the mask
  bool final_ = false;            // the frame's FIN
  bool compressed_ = false;       // the message's RSV1
  bool rsv1_allowed_;
  bool told_ = false;  // the last call gave an event whose payload may lie in assembly_
};
static_assert(sizeof(Decoder) <= 96, "every idle connection pays for one");

}  // namespace proto::websocket
