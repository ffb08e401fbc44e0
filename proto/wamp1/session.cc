// SPDX-License-Identifier: Apache-2.0
#include "proto/wamp1/session.h"

#include <algorithm>

#include "proto/attachments.h"
#include "proto/audience.h"
#include "proto/json.h"
#include "proto/notation.h"
#include "proto/websocket/text_frame.h"

namespace proto::wamp1 {
namespace {

constexpr Tag unused_tag = 0;  // every answer means the same: refused or not

// What servers of this protocol say of a procedure that they do not have, and what their clients look for.
constexpr std::string_view no_such_procedure =
    "\"http://api.wamp.ws/error#NoSuchRPCEndpoint\",\"there are no procedures here, only topics\"";

void send_frame(Host& host, std::string text) {
  websocket::make_text_frame(text, 0);
  host.send(text);
}

void append_event(std::string& out, const Message& message) {
  switch (message.kind) {
    case Kind::text: append_json_string(out, message.content); return;
    case Kind::json: out += message.content; return;
    case Kind::binary: append_inlined_bytes(out, message.content); return;
    case Kind::json_attachments: append_inlined(out, message.content); return;
  }
}

// Hot: once a message and shard.
void append_delivery(const WireFormat&, const Message& message, std::string& out) {
  const std::size_t begin = out.size();
  out += "[8,";
  append_json_string(out, message.topic);
  out += ',';
  append_event(out, message);
  out += ']';
  websocket::make_text_frame(out, begin);
}

constexpr WireFormat event_v1{"wamp", &append_delivery};

}  // namespace

void Wamp1Session::on_open(Host& host) {
  id_ = host.make_secret();
  send_frame(host, "[0,\"" + id_ + "\",1,\"kodama\"]");
}

void Wamp1Session::on_message(DataType type, std::span<char> payload, Host& host) {
  if (type == DataType::binary) return host.close(Reason::unsupported_data);
  ClientMessage message;
  if (const std::optional<Reason> bad = read_message(payload, message)) return host.close(*bad);
  run(message, host);
}

void Wamp1Session::run(const ClientMessage& message, Host& host) {
  if (message.type == Type::prefix) return define(message, host);
  if (message.type == Type::call) {
    return send_frame(host, "[4," + std::string(message.call_id) + ',' + std::string(no_such_procedure) + ']');
  }
  const std::string topic = expand(message.uri);
  if (const std::optional<Error> bad = check_topic(topic)) return host.close(reason_of(*bad));
  if (message.type == Type::subscribe) return subscribe(topic, host);
  if (message.type == Type::publish) return publish(message, topic, host);
  (void)host.unsubscribe(topic);  // from what it was not subscribed to: there is nothing to say about that
}

void Wamp1Session::define(const ClientMessage& message, Host& host) {
  const auto known = std::ranges::find(prefixes_, message.prefix, &Prefix::name);
  const bool one_too_many = known == prefixes_.end() && prefixes_.size() == prefixes_max;
  const bool too_long = message.prefix.size() > prefix_bytes_max || message.uri.size() > prefix_bytes_max;
  if (one_too_many || too_long) return host.close(Reason::policy_violation);
  if (known == prefixes_.end()) {
    prefixes_.push_back({std::string(message.prefix), std::string(message.uri)});
  } else {
    known->uri = message.uri;
  }
}

std::string Wamp1Session::expand(std::string_view curie) const {
  const std::size_t colon = curie.find(':');
  if (colon == std::string_view::npos) return std::string(curie);
  const auto known = std::ranges::find(prefixes_, curie.substr(0, colon), &Prefix::name);
  if (known == prefixes_.end()) return std::string(curie);
  return known->uri + std::string(curie.substr(colon + 1));
}

void Wamp1Session::subscribe(std::string_view topic, Host& host) {
  const std::optional<Error> error = host.subscribe(unused_tag, topic, Start{});
  if (!error) {
    ++subscribing_;
  } else if (error->status != 409) {  // that it is subscribed already is what the peer wants
    host.close(reason_of(*error));
  }
}

void Wamp1Session::publish(const ClientMessage& message, std::string_view topic, Host& host) {
  const std::string audience = audience_of(message, topic, host);
  const Publication publication{.topic = topic,
                                .event = {},
                                .kind = message.kind,
                                .content = message.content,
                                .quiet = true,
                                .audience = audience};
  if (const std::optional<Error> error = host.publish(unused_tag, publication)) host.close(reason_of(*error));
}

std::string Wamp1Session::audience_of(const ClientMessage& message, std::string_view topic, const Host& host) const {
  std::string audience;
  // Who does not subscribe need not be excluded, and then one form of the message serves all.
  if (message.exclude_me && (subscribing_ > 0 || host.is_member(topic, id_))) {
    append_member(audience, Sign::topic_except, id_);
  }
  for (const std::string_view id : message.exclude) append_member(audience, Sign::topic_except, id);
  if (!message.eligible) return audience;
  for (const std::string_view id : *message.eligible) append_member(audience, Sign::topic_to, id);
  if (message.eligible->empty()) append_member(audience, Sign::topic_to, {});  // for nobody: no session has that id
  return audience;
}

void Wamp1Session::on_published(Tag, const Answer<Published>& answer, Host& host) {
  if (const Error* error = std::get_if<Error>(&answer)) host.close(reason_of(*error));
}

void Wamp1Session::on_subscribed(Tag, std::string_view topic, const Answer<Subscribed>& answer, Host& host) {
  --subscribing_;
  if (const Error* error = std::get_if<Error>(&answer)) return host.close(reason_of(*error));
  host.join(topic, id_);
}

std::size_t Wamp1Session::held_bytes() const {
  std::size_t bytes = prefixes_.capacity() * sizeof(Prefix);
  for (const Prefix& each : prefixes_) bytes += each.name.size() + each.uri.size();
  return bytes;
}

const WireFormat* Wamp1Session::wire_format() const { return &event_v1; }

}  // namespace proto::wamp1
