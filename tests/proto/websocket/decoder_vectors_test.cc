// SPDX-License-Identifier: Apache-2.0
// The decoder's table: bytes and what they must tell, whole, cut in two at every byte, and byte by byte.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "transcript.h"

namespace proto::websocket {
namespace {

using Type = Event::Type;
using namespace std::string_literals;

constexpr std::uint8_t text = 0x81, text_begins = 0x01, binary = 0x82, binary_begins = 0x02;
constexpr std::uint8_t goes_on = 0x00, ends = 0x80, close = 0x88, ping = 0x89, pong = 0x8A;
constexpr DecoderOptions normal = {.message_bytes_max = 300, .fragments_max = 4};
constexpr DecoderOptions with_rsv1 = {.message_bytes_max = 300, .fragments_max = 4, .rsv1_allowed = true};

struct Vector {
  std::string name;
  std::string bytes;
  std::vector<Told> expected;
  DecoderOptions options = normal;
};

std::string frame(std::uint8_t first, std::string_view payload) { return client_frame(first, payload); }

Told a_text(std::string payload, std::size_t at) { return {.type = Type::message, .payload = payload, .position = at}; }
Told a_binary(std::string payload, std::size_t at) {
  return {.type = Type::message, .payload = payload, .data_type = DataType::binary, .position = at};
}
Told a_control(Type type, std::string payload, std::size_t at) {
  return {.type = type, .payload = payload, .position = at};
}
Told a_close(std::uint16_t code, std::string payload, std::size_t at) {
  return {.type = Type::close, .payload = payload, .close_code = code, .position = at};
}
Told an_error(Reason reason, std::size_t at) { return {.type = Type::error, .reason = reason, .position = at}; }
Told broken(std::size_t at) { return an_error(Reason::protocol_error, at); }
Told bad_text(std::size_t at) { return an_error(Reason::invalid_utf8, at); }

std::string close_payload(std::uint16_t code, std::string_view reason = "") {
  return std::string{static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)}.append(reason);
}

const std::string kilo(300, 'k');
const std::string hello = "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";

const std::vector<Vector> vectors = {
    // messages
    {"RfcHello", hello, {a_text("Hello", 11)}},
    {"EmptyText", frame(text, ""), {a_text("", 6)}},
    {"EmptyBinary", frame(binary, ""), {a_binary("", 6)}},
    {"Binary", frame(binary, "\x00\xFF\xC0"s), {a_binary("\x00\xFF\xC0"s, 9)}},
    {"TwoMessages", hello + hello, {a_text("Hello", 11), a_text("Hello", 22)}},
    {"Length125", frame(binary, kilo.substr(0, 125)), {a_binary(kilo.substr(0, 125), 131)}},
    {"Length126", frame(binary, kilo.substr(0, 126)), {a_binary(kilo.substr(0, 126), 134)}},
    {"LengthAtTheLimit", frame(binary, kilo), {a_binary(kilo, 308)}},
    {"TextOfAllLengths", frame(text, "a\u00e9\u20ac\U0001F600z"), {a_text("a\u00e9\u20ac\U0001F600z", 17)}},
    // fragments
    {"Fragments", frame(text_begins, "Hel") + frame(ends, "lo"), {a_text("Hello", 17)}},
    {"FragmentsCutInsideACharacter",
     frame(text_begins, "\xF0\x9F") + frame(goes_on, "\x98") + frame(ends, "\x80"),
     {a_text("\U0001F600", 22)}},
    {"EmptyFragments", frame(binary_begins, "") + frame(goes_on, "") + frame(ends, ""), {a_binary("", 18)}},
    {"AllInTheLastFragment", frame(binary_begins, "") + frame(ends, "abc"), {a_binary("abc", 15)}},
    {"AllInTheFirstFragment", frame(binary_begins, "abc") + frame(ends, ""), {a_binary("abc", 15)}},
    {"ControlBetweenFragments",
     frame(text_begins, "Hel") + frame(ping, "p1") + frame(goes_on, "l") + frame(pong, "") + frame(ends, "o"),
     {a_control(Type::ping, "p1", 17), a_control(Type::pong, "", 30), a_text("Hello", 37)}},
    {"ControlInsideACharacter",
     frame(text_begins, "\xC3") + frame(ping, "\xC3") + frame(ends, "\xA9"),
     {a_control(Type::ping, "\xC3", 14), a_text("\u00e9", 21)}},
    {"FragmentsAtTheLimit",
     frame(binary_begins, "a") + frame(goes_on, "b") + frame(goes_on, "c") + frame(ends, "d"),
     {a_binary("abcd", 28)}},
    {"FragmentsCountAnewForEachMessage",
     frame(binary_begins, "a") + frame(goes_on, "b") + frame(ends, "c") + frame(binary_begins, "d") + frame(ends, "e"),
     {a_binary("abc", 21), a_binary("de", 35)}},
    // control frames
    {"Ping", frame(ping, "Hello"), {a_control(Type::ping, "Hello", 11)}},
    {"PingOf125", frame(ping, kilo.substr(0, 125)), {a_control(Type::ping, kilo.substr(0, 125), 131)}},
    {"Pong", frame(pong, "Hello"), {a_control(Type::pong, "Hello", 11)}},
    {"CloseWithoutCode", frame(close, ""), {a_close(0, "", 6)}},
    {"CloseWithCode", frame(close, close_payload(1000)), {a_close(1000, "", 8)}},
    {"CloseWithText", frame(close, close_payload(1001, "bye \u20ac")), {a_close(1001, "bye \u20ac", 15)}},
    {"NothingAfterClose", frame(close, "") + hello, {a_close(0, "", 6)}},
    {"CloseInsideAMessage",
     frame(text_begins, "Hel") + frame(close, close_payload(1001, "x")),
     {a_close(1001, "x", 18)}},
    // what came before a bad frame is told first
    {"GoodBeforeBad",
     hello + frame(ping, "x") + "\x83",
     {a_text("Hello", 11), a_control(Type::ping, "x", 18), broken(19)}},
    {"NothingAfterAnError", "\x83" + hello, {broken(1)}},
    // bad headers, each at the byte that is wrong
    {"Unmasked", "\x81\x05Hello", {broken(2)}},
    {"Rsv1", "\xC1", {broken(1)}},
    {"Rsv2", "\xA1", {broken(1)}},
    {"Rsv3", "\x91", {broken(1)}},
    {"Opcode3", "\x83", {broken(1)}},
    {"Opcode7", "\x87", {broken(1)}},
    {"OpcodeB", "\x8B", {broken(1)}},
    {"OpcodeF", "\x8F", {broken(1)}},
    {"FragmentedPing", "\x09", {broken(1)}},
    {"FragmentedClose", "\x08", {broken(1)}},
    {"PingOf126", "\x89\xFE", {broken(2)}},
    {"PongOf65536", "\x8A\xFF", {broken(2)}},
    {"CloseOfOneByte", "\x88\x81", {broken(2)}},
    {"ContinuationOfNothing", "\x80", {broken(1)}},
    {"ContinuationAfterAWholeMessage", hello + "\x00"s, {a_text("Hello", 11), broken(12)}},
    {"TextInsideAMessage", frame(text_begins, "a") + "\x81", {broken(8)}},
    {"BinaryInsideAMessage", frame(text_begins, "a") + "\x02", {broken(8)}},
    {"Length125InSixteenBits", "\x82\xFE\x00\x7D"s, {broken(4)}},
    {"Length65535InSixtyFourBits", "\x82\xFF\x00\x00\x00\x00\x00\x00\xFF\xFF"s, {broken(10)}},
    {"LengthWithItsTopBit", "\x82\xFF\x80", {broken(3)}},
    // limits, from the declared length
    {"OneByteTooMany", "\x82\xFE\x01\x2D"s, {an_error(Reason::message_too_big, 4)}},
    {"FarTooMany", "\x82\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", {an_error(Reason::message_too_big, 10)}},
    {"TooManyOverFragments",
     frame(binary_begins, kilo) + frame(ends, "") + frame(binary_begins, kilo) + "\x80\x81",
     {a_binary(kilo, 314), an_error(Reason::message_too_big, 624)}},
    {"ControlDoesNotCount",
     frame(binary_begins, kilo) + frame(ping, "pp") + frame(ends, ""),
     {a_control(Type::ping, "pp", 316), a_binary(kilo, 322)}},
    {"TooManyFragments",
     frame(binary_begins, "") + frame(goes_on, "") + frame(goes_on, "") + frame(goes_on, "") + "\x80",
     {an_error(Reason::too_many_fragments, 25)}},
    // UTF-8, each at the byte that is wrong
    {"BadFirstByte", frame(text, "ab\xFFxyz"), {bad_text(9)}},
    {"LoneContinuation", frame(text, "ab\x80xyz"), {bad_text(9)}},
    {"OverlongOfTwo", frame(text, "a\xC0\xAFz"), {bad_text(8)}},
    {"OverlongOfThree", frame(text, "a\xE0\x9F\xBFz"), {bad_text(9)}},
    {"OverlongOfFour", frame(text, "a\xF0\x8F\xBF\xBFz"), {bad_text(9)}},
    {"Surrogate", frame(text, "a\xED\xA0\x80z"), {bad_text(9)}},
    {"BeyondTheLastCharacter", frame(text, "a\xF4\x90\x80\x80z"), {bad_text(9)}},
    {"CharacterBroken", frame(text, "a\xE2\x82z"), {bad_text(10)}},
    {"BadBehindMuch", frame(text, kilo.substr(0, 200) + "\xC3(" + kilo.substr(0, 90)), {bad_text(210)}},
    {"UnfinishedCharacterAtTheEnd", frame(text, "a\xE2\x82"), {bad_text(9)}},
    {"UnfinishedCharacterAtTheEndOfFragments", frame(text_begins, "a\xE2") + frame(ends, "\x82"), {bad_text(15)}},
    {"BadInTheSecondFragment", frame(text_begins, "a\xE2") + frame(goes_on, "\x28zz"), {bad_text(15)}},
    {"BadTextOfAClose", frame(close, close_payload(1000, "\xC3(")), {bad_text(10)}},
    // the seam of compression
    {"Rsv1IsTold",
     frame(0xC1, "\xFF"),
     {{.type = Type::message, .payload = "\xFF", .rsv1 = true, .position = 7}},
     with_rsv1},
    {"Rsv1OfTheFirstFragmentHoldsForTheMessage",
     frame(0x42, "a") + frame(ends, "b") + frame(binary, "c"),
     {{.type = Type::message, .payload = "ab", .data_type = DataType::binary, .rsv1 = true, .position = 14},
      a_binary("c", 21)},
     with_rsv1},
    {"Rsv1OnAContinuation", frame(0x41, "a") + "\xC0", {broken(8)}, with_rsv1},
    {"Rsv1OnAPing", "\xC9", {broken(1)}, with_rsv1},
};

class DecoderVectors : public testing::TestWithParam<Vector> {};

TEST_P(DecoderVectors, TellsTheSameHoweverTheBytesAreCut) {
  const Vector& vector = GetParam();
  ASSERT_EQ(replay(vector.bytes, vector.options, {}), vector.expected);
  ASSERT_EQ(replay_bytewise(vector.bytes, vector.options), vector.expected);
  for (std::size_t cut = 0; cut <= vector.bytes.size(); ++cut) {
    ASSERT_EQ(replay(vector.bytes, vector.options, {cut}), vector.expected) << "cut at " << cut;
  }
}

INSTANTIATE_TEST_SUITE_P(All, DecoderVectors, testing::ValuesIn(vectors),
                         [](const auto& instance) { return instance.param.name; });

TEST(Decoder, TakesExactlyTheCloseCodesOfTheRegistry) {
  for (int code = 0; code <= 0xFFFF; ++code) {
    const bool registered = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
    const bool good = registered || (code >= 3000 && code <= 4999);
    const auto code16 = static_cast<std::uint16_t>(code);
    const std::vector<Told> expected = {good ? a_close(code16, "", 8) : broken(8)};
    ASSERT_EQ(replay(frame(close, close_payload(code16)), normal, {}), expected) << code;
  }
}

}  // namespace
}  // namespace proto::websocket
