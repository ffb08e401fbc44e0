// SPDX-License-Identifier: Apache-2.0
#include "proto/websocket/decoder.h"

#include <algorithm>

namespace proto::websocket {
namespace {

// RFC 6455 §5.2.
constexpr std::uint8_t rsv23_bits = 0x30;
constexpr std::uint8_t opcode_bits = 0x0F;
constexpr std::uint8_t mask_bit = 0x80;
constexpr std::uint8_t length_bits = 0x7F;
constexpr std::uint8_t length_16bit_follows = 126;
constexpr std::uint8_t length_64bit_follows = 127;
constexpr std::uint64_t length_16bit_min = 126;
constexpr std::uint64_t length_64bit_min = 0x10000;
constexpr std::uint8_t length_64bit_forbidden_bit = 0x80;  // in the first of the eight bytes

std::string_view view(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

bool is_valid_close_code(std::uint16_t code) {
  if (code >= 3000) return code <= 4999;  // §7.4.2: libraries and applications
  switch (code) {
    case 1004:  // reserved
    case 1005:  // "no status received", 1006 "abnormal closure" and 1015 "TLS handshake" are never on the wire
    case 1006: return false;
    default: return code >= 1000 && code <= 1014;
  }
}

// Hot: every byte that a client sends passes here. A header is some compares, a payload one pass to unmask and, for
// text, one to validate; nothing is copied when the frame stands whole in the input.
// Measured by decode_small_frames and decode_large_frame of bench/micro.
std::size_t Decoder::decode(std::span<std::uint8_t> in, Event& event) {
  event = {};
  release_last_event();
  std::size_t used = 0;
  while (stage_ != Stage::finished) {
    if (const auto reason = take_header(in, used)) {
      fail(*reason, event);
      break;
    }
    if (stage_ != Stage::payload) break;
    used += take_payload(in.subspan(used), event);
    if (event.type != Event::Type::need_more || used == in.size()) break;
  }
  return used;
}

// Takes what there is of a header, from where the last piece of input has left it: each stage is followed by the next.
std::optional<Reason> Decoder::take_header(std::span<const std::uint8_t> in, std::size_t& used) {
  std::optional<Reason> wrong;
  if (stage_ == Stage::first && used < in.size()) wrong = take_first_byte(in[used++]);
  if (stage_ == Stage::second && used < in.size()) wrong = take_second_byte(in[used++]);
  while (stage_ == Stage::length && used < in.size() && !wrong) wrong = take_length_byte(in[used++]);
  if (stage_ == Stage::mask) used += take_mask(in.subspan(used));
  return wrong;
}

std::optional<Reason> Decoder::take_first_byte(std::uint8_t byte) {
  if ((byte & rsv23_bits) != 0) return Reason::protocol_error;
  opcode_ = static_cast<Opcode>(byte & opcode_bits);
  final_ = (byte & fin_bit) != 0;
  const bool rsv1 = (byte & rsv1_bit) != 0;
  switch (opcode_) {
    case Opcode::text:
    case Opcode::binary:
      if (is_open() || (rsv1 && !rsv1_allowed_)) return Reason::protocol_error;
      message_opcode_ = opcode_;
      compressed_ = rsv1;
      break;
    case Opcode::continuation:
      if (!is_open() || rsv1) return Reason::protocol_error;
      break;
    case Opcode::close:
    case Opcode::ping:
    case Opcode::pong:
      if (!final_ || rsv1) return Reason::protocol_error;  // §5.5
      break;
    default: return Reason::protocol_error;
  }
  if (!is_control() && ++fragments_ > fragments_max_) return Reason::too_many_fragments;
  stage_ = Stage::second;
  return std::nullopt;
}

std::optional<Reason> Decoder::take_second_byte(std::uint8_t byte) {
  if ((byte & mask_bit) == 0) return Reason::protocol_error;  // §5.1: a client masks, always
  const std::uint8_t length = byte & length_bits;
  if (is_control() && length > control_payload_bytes_max) return Reason::protocol_error;
  if (opcode_ == Opcode::close && length == 1) return Reason::protocol_error;  // §5.5.1: half a code
  if (length < length_16bit_follows) return take_length(length);
  length_form_ = length == length_64bit_follows ? 8 : 2;
  header_left_ = length_form_;
  frame_left_ = 0;
  stage_ = Stage::length;
  return std::nullopt;
}

std::optional<Reason> Decoder::take_length_byte(std::uint8_t byte) {
  const bool is_highest = length_form_ == 8 && header_left_ == length_form_;
  if (is_highest && (byte & length_64bit_forbidden_bit) != 0) return Reason::protocol_error;
  frame_left_ = frame_left_ << 8 | byte;
  if (--header_left_ > 0) return std::nullopt;
  // §5.2: the minimal number of bytes must be used.
  if (frame_left_ < (length_form_ == 8 ? length_64bit_min : length_16bit_min)) return Reason::protocol_error;
  return take_length(frame_left_);
}

std::optional<Reason> Decoder::take_length(std::uint64_t payload_bytes) {
  if (!is_control()) {
    const std::uint64_t most = compressed_ ? compressed_bytes_max(message_bytes_max_) : message_bytes_max_;
    if (payload_bytes > most - message_bytes_) return Reason::message_too_big;
    message_bytes_ += payload_bytes;
  }
  frame_left_ = payload_bytes;
  header_left_ = static_cast<std::uint8_t>(mask_.size());
  phase_ = 0;
  stage_ = Stage::mask;
  return std::nullopt;
}

std::size_t Decoder::take_mask(std::span<const std::uint8_t> in) {
  const std::size_t taken = std::min<std::size_t>(in.size(), header_left_);
  std::copy_n(in.begin(), taken, mask_.end() - header_left_);
  header_left_ = static_cast<std::uint8_t>(header_left_ - taken);
  if (header_left_ == 0) stage_ = Stage::payload;
  return taken;
}

std::size_t Decoder::take_payload(std::span<std::uint8_t> in, Event& event) {
  const auto piece = in.first(static_cast<std::size_t>(std::min<std::uint64_t>(in.size(), frame_left_)));
  unmask(piece, mask_, phase_);
  if (!is_control() && message_opcode_ == Opcode::text && !compressed_) {
    const std::size_t good_bytes = utf8_.take(view(piece));
    if (good_bytes < piece.size()) {
      fail(Reason::invalid_utf8, event);
      return good_bytes + 1;
    }
  }
  frame_left_ -= piece.size();
  phase_ = static_cast<std::uint8_t>((phase_ + piece.size()) % mask_.size());
  const std::span<char> payload = collect(piece);
  if (frame_left_ > 0) return piece.size();
  stage_ = Stage::first;
  if (is_control()) {
    end_control(payload, event);
  } else if (final_) {
    end_message(payload, event);
  }
  return piece.size();
}

// Returns what has come of the message or of the control frame: the piece itself where that is all of it.
std::span<char> Decoder::collect(std::span<std::uint8_t> piece) {
  // A control frame comes between frames: all that the message has declared stands before it.
  const std::size_t before = is_control() ? static_cast<std::size_t>(message_bytes_) : 0;
  auto* const bytes = reinterpret_cast<char*>(piece.data());
  if (final_ && frame_left_ == 0 && assembly_.size() == before) return {bytes, piece.size()};
  assembly_.append(bytes, piece.size());
  return std::span<char>(assembly_).subspan(before);
}

void Decoder::end_message(std::span<char> payload, Event& event) {
  if (!utf8_.complete()) return fail(Reason::invalid_utf8, event);
  event.type = Event::Type::message;
  event.data_type = message_opcode_ == Opcode::text ? DataType::text : DataType::binary;
  event.rsv1 = compressed_;
  event.payload = payload;
  message_opcode_ = Opcode::continuation;
  message_bytes_ = 0;
  fragments_ = 0;
  told_ = true;
}

void Decoder::end_control(std::span<char> payload, Event& event) {
  if (opcode_ == Opcode::close) return end_close(payload, event);
  event.type = opcode_ == Opcode::ping ? Event::Type::ping : Event::Type::pong;
  event.payload = payload;
  told_ = true;
}

void Decoder::end_close(std::span<char> payload, Event& event) {
  if (!payload.empty()) {
    const auto high = static_cast<std::uint8_t>(payload[0]);
    const auto low = static_cast<std::uint8_t>(payload[1]);
    const auto code = static_cast<std::uint16_t>(high << 8 | low);
    payload = payload.subspan(2);
    if (!is_valid_close_code(code)) return fail(Reason::protocol_error, event);
    if (!is_valid_utf8({payload.data(), payload.size()})) return fail(Reason::invalid_utf8, event);
    event.close_code = code;
  }
  event.type = Event::Type::close;
  event.payload = payload;
  message_bytes_ = 0;  // an open message will not end
  stage_ = Stage::finished;
  told_ = true;
}

void Decoder::fail(Reason reason, Event& event) {
  event.type = Event::Type::error;
  event.reason = reason;
  stage_ = Stage::finished;
  message_bytes_ = 0;
  std::string().swap(assembly_);
}

void Decoder::release_last_event() {
  if (!told_) return;
  told_ = false;
  if (message_bytes_ > 0) {
    assembly_.resize(static_cast<std::size_t>(message_bytes_));  // drops an interleaved control frame
  } else {
    std::string().swap(assembly_);
  }
}

bool Decoder::in_message() const { return stage_ != Stage::finished && (stage_ != Stage::first || is_open()); }

std::size_t Decoder::buffered_bytes() const {
  const bool is_inline = assembly_.capacity() <= std::string().capacity();
  return is_inline ? 0 : assembly_.capacity();
}

}  // namespace proto::websocket
