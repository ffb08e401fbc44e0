// SPDX-License-Identifier: Apache-2.0
// How dialects write and read what they have in common: numbers, epochs, errors, a message's content, and where a read
// of a log begins (proto/README.md).
// Thread: any.
// Errors: values; what the peer wrote wrong is a 400 with a sentence that says what is right.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proto/session.h"
#include "proto/topic_name.h"

namespace proto {

void append_number(std::string& out, std::uint64_t value);
// "5f3a00000000c0de": 16 hexadecimal digits, without quotes.
void append_epoch(std::string& out, std::uint64_t epoch);
// `"epoch":"…","offset":41`: what every answer about a log begins with.
void append_position(std::string& out, std::uint64_t epoch, std::uint64_t offset);
// `"error":{"code":404,"message":"…"}`.
void append_error(std::string& out, const Error& error);
// `"gap":{"from":42,"to":71,"reason":"expired"}`, without numbers where there are none.
void append_loss(std::string& out, const Gap& gap);
// `"data":<json>`, `"data":"text"` or `"data_base64":"…"`.
void append_message_data(std::string& out, const Message& message);
// `"event":"…",` when the event is not the one that the topic's name gives; otherwise nothing.
void append_message_event(std::string& out, const Message& message);
// `"topic":"…","gap":{"from":42,"to":71,"reason":"expired"}`; in another epoch a gap has no numbers.
void append_gap(std::string& out, std::string_view topic, const Gap& gap);
// RFC 4648 §4, with padding.
void append_base64(std::string& out, std::string_view bytes);

// The reason whose close code says to the peer what the status would have said.
[[nodiscard]] Reason reason_of(const Error& error);

// Decimal digits and nothing else, up to 2^64 - 1.
[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view digits);
// 1 to 16 hexadecimal digits.
[[nodiscard]] std::optional<std::uint64_t> parse_epoch(std::string_view digits);
// RFC 4648 §4, with padding, without white space.
[[nodiscard]] bool decode_base64(std::string_view text, std::string& bytes);
// A name's beginning, cut at a character, for an error message.
[[nodiscard]] std::string_view brief(std::string_view name);

// An event's name has 1 to 255 bytes of UTF-8 without control characters.
[[nodiscard]] std::optional<Error> check_event(std::string_view event);
[[nodiscard]] std::optional<Error> check_topic(std::string_view topic, Reserve reserve = Reserve::closed);

// What a URL says about where to begin: ?after=OFFSET, with &epoch=HEX or without, or ?last=N; nothing is `now`.
struct StartParameters {
  std::optional<std::string_view> epoch;
  std::optional<std::string_view> after;
  std::optional<std::string_view> last;
};
[[nodiscard]] Answer<Start> read_start(const StartParameters& parameters);

}  // namespace proto
