// SPDX-License-Identifier: Apache-2.0
#include "proto/native/session.h"

#include "proto/json.h"
#include "proto/notation.h"
#include "proto/websocket/text_frame.h"

namespace proto::native {
namespace {

// A tag says of what kind the id is in its two upper bits: 0 for none, so that the tag of a command without id is 0.
constexpr Tag number_tag = Tag{1} << 62;
constexpr Tag string_tag = Tag{1} << 63;
constexpr Tag tag_bits = number_tag | string_tag;
static_assert(id_number_max < number_tag, "an id fits below the bits that tell its kind");

// Most answers with their frame's header take no more, so that they are allocated once.
constexpr std::size_t answer_bytes = 128;

// Sends an answer with its last bytes.
void send_frame(Host& host, std::string text, std::string_view end) {
  text += end;
  websocket::make_text_frame(text, 0);
  host.send(text);
}

void append_topic(std::string& out, std::string_view topic) {
  out += "{\"topic\":";
  append_json_string(out, topic);
}

// Hot: once a message and shard. Measured by encode_native_text, _json and _binary of bench/micro.
void append_delivery(const WireFormat&, const Message& message, std::string& out) {
  const std::size_t begin = out.size();
  append_topic(out, message.topic);
  out += ",\"offset\":";
  append_number(out, message.offset);
  out += ',';
  append_message_event(out, message);
  append_message_data(out, message);
  out += '}';
  websocket::make_text_frame(out, begin);
}

constexpr WireFormat json_v1{"kodama.v1.json", &append_delivery};

}  // namespace

void NativeSession::on_message(DataType type, std::span<char> payload, Host& host) {
  if (type == DataType::binary) {
    return refuse(0, Error{400, "a command is JSON in a text frame; binary content goes in data_base64"}, host);
  }
  Command command;
  const std::optional<Error> error = read_command(payload, command);
  const Tag tag = remember(command.id);
  if (error) return refuse(tag, *error, host);
  run(command, tag, host);
}

void NativeSession::run(const Command& command, Tag tag, Host& host) {
  std::optional<Error> error;
  switch (command.verb) {
    case Command::Verb::publish: {
      Publication publication = command.publish.publication;
      publication.quiet = tag == 0;  // who gives no id wants to know of failures only
      error = host.publish(tag, publication);
      break;
    }
    case Command::Verb::subscribe: error = host.subscribe(tag, command.topic, command.start); break;
    case Command::Verb::unsubscribe:
      error = host.unsubscribe(command.topic);
      if (!error) {
        send_frame(host, begin_answer(tag), "\"ok\":{}}");
      }
      break;
    case Command::Verb::none: break;
  }
  if (error) refuse(tag, *error, host);
}

void NativeSession::on_published(Tag tag, const Answer<Published>& answer, Host& host) {
  if (const Error* error = std::get_if<Error>(&answer)) return refuse(tag, *error, host);
  if (tag == 0) return;  // quiet
  std::string text = begin_answer(tag);
  text += "\"ok\":{\"offset\":";
  append_number(text, std::get<Published>(answer).offset);
  send_frame(host, std::move(text), "}}");
}

void NativeSession::on_subscribed(Tag tag, std::string_view, const Answer<Subscribed>& answer, Host& host) {
  if (const Error* error = std::get_if<Error>(&answer)) return refuse(tag, *error, host);
  const Subscribed& subscribed = std::get<Subscribed>(answer);
  std::string text = begin_answer(tag);
  text += "\"ok\":{";
  append_position(text, subscribed.epoch, subscribed.offset);
  if (subscribed.recovered) text += *subscribed.recovered ? ",\"recovered\":true" : ",\"recovered\":false";
  send_frame(host, std::move(text), "}}");
}

void NativeSession::on_revoked(std::string_view topic, Host& host) {
  std::string text;
  append_topic(text, topic);
  text += ',';
  append_error(text, Error{403, "clients may not subscribe to this topic any longer"});
  send_frame(host, std::move(text), "}");
}

void NativeSession::append_gap(std::string_view topic, const Gap& gap, std::string& out) const {
  const std::size_t begin = out.size();
  out += '{';
  proto::append_gap(out, topic, gap);
  out += '}';
  websocket::make_text_frame(out, begin);
}

const WireFormat* NativeSession::wire_format() const { return &json_v1; }

Tag NativeSession::remember(std::string_view id) {
  if (id.empty()) return 0;
  if (id.front() != '"') return number_tag | parse_number(id).value_or(0);
  const Tag tag = string_tag | (++last_string_tag_ & ~tag_bits);
  string_ids_.emplace(tag, std::string(id));
  return tag;
}

std::string NativeSession::begin_answer(Tag tag) {
  std::string text;
  text.reserve(answer_bytes);
  text += '{';
  append_id(text, tag);
  return text;
}

void NativeSession::append_id(std::string& out, Tag tag) {
  if ((tag & number_tag) != 0) {
    out += "\"id\":";
    append_number(out, tag & ~tag_bits);
    out += ',';
    return;
  }
  const auto found = string_ids_.find(tag);
  if (found == string_ids_.end()) return;
  out += "\"id\":" + found->second + ',';
  string_ids_.erase(found);
  if (string_ids_.empty()) string_ids_ = {};  // an idle session keeps no table
}

void NativeSession::refuse(Tag tag, const Error& error, Host& host) {
  std::string text = begin_answer(tag);
  append_error(text, error);
  send_frame(host, std::move(text), "}");
}

}  // namespace proto::native
