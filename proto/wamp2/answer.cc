// SPDX-License-Identifier: Apache-2.0
#include "proto/wamp2/answer.h"

#include "proto/json.h"
#include "proto/notation.h"
#include "proto/websocket/text_frame.h"

namespace proto::wamp2 {
namespace {

// Most answers with their frame's header take no more, so that they are allocated once.
constexpr std::size_t answer_bytes = 128;

std::string begin(Code code) {
  std::string text;
  text.reserve(answer_bytes);
  text += '[';
  append_number(text, static_cast<std::uint64_t>(code));
  return text;
}

std::string framed(std::string text) {
  text += ']';
  websocket::make_text_frame(text, 0);
  return text;
}

// What is announced is what works. Every session is anonymous.
constexpr std::string_view welcome_details =
    R"(,"authid":"anonymous","authrole":"anonymous","authmethod":"anonymous","agent":"kodama",)"
    R"("roles":{"broker":{"features":{"publisher_exclusion":true,"subscriber_blackwhite_listing":true,)"
    R"("publisher_identification":true,"subscription_revocation":true,"event_retention":true}}}})";

}  // namespace

std::string welcome(std::uint64_t session, std::string_view realm) {
  std::string text = begin(Code::welcome);
  text += ',';
  append_number(text, session);
  text += ",{\"realm\":";
  append_json_string(text, realm);
  text += welcome_details;
  return framed(std::move(text));
}

std::string abort_message(std::string_view uri, std::string_view words) {
  std::string text = begin(Code::abort);
  text += ",{\"message\":";
  append_json_string(text, words);
  text += "},";
  append_json_string(text, uri);
  return framed(std::move(text));
}

std::string goodbye_and_out() { return framed(begin(Code::goodbye) + R"(,{},"wamp.close.goodbye_and_out")"); }

std::string error(Code request_type, std::uint64_t request, std::string_view uri, std::string_view words) {
  std::string text = begin(Code::error);
  text += ',';
  append_number(text, static_cast<std::uint64_t>(request_type));
  text += ',';
  append_number(text, request);
  text += ",{},";
  append_json_string(text, uri);
  text += ",[";
  append_json_string(text, words);
  text += ']';
  return framed(std::move(text));
}

std::string acknowledgement(Code code, std::uint64_t request) {
  std::string text = begin(code);
  text += ',';
  append_number(text, request);
  return framed(std::move(text));
}

std::string acknowledgement(Code code, std::uint64_t request, std::uint64_t id) {
  std::string text = begin(code);
  text += ',';
  append_number(text, request);
  text += ',';
  append_number(text, id);
  return framed(std::move(text));
}

std::string revocation(std::uint64_t subscription) {
  std::string text = begin(Code::unsubscribed);
  text += ",0,{\"subscription\":";
  append_number(text, subscription);
  text += ",\"reason\":";
  append_json_string(text, uris::not_authorized);
  text += '}';
  return framed(std::move(text));
}

std::string_view uri_of(const Error& error) {
  switch (error.status) {
    case 400: return uris::invalid_argument;
    case 401:
    case 403: return uris::not_authorized;
    case 413: return uris::payload_size_exceeded;
    default: return uris::unavailable;
  }
}

}  // namespace proto::wamp2
