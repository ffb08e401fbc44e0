// SPDX-License-Identifier: Apache-2.0
// A frame of WAMP v1, behind prefixes that may stand in it: whatever it is, the session asks for at most one thing,
// what it asks for is well-formed, and what it sends is a JSON array; if it does neither, it closes or took a prefix.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#include "fake_host.h"
#include "proto/audience.h"
#include "proto/json.h"
#include "proto/notation.h"
#include "proto/utf8.h"
#include "proto/wamp1/session.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

// An array around values that may each be 64 levels deep.
void require_array_frames(const std::string& bytes) {
  for (const fakes::FrameSeen& frame : fakes::frames(bytes)) {
    require(frame.opcode == 1);
    require(proto::is_valid_utf8(frame.payload));
    std::string text = frame.payload;
    proto::JsonReader reader(text);
    require(reader.type() == proto::JsonType::array);
    reader.enter_array();
    while (reader.next_element()) reader.read_value();
    require(reader.finish());
  }
}

bool is_prefix(std::string frame) {
  proto::JsonReader reader(frame);
  if (reader.type() != proto::JsonType::array) return false;
  reader.enter_array();
  const bool typed = reader.next_element();
  const std::span<char> type = reader.read_value();
  return typed && std::string_view(type.data(), type.size()) == "1";
}

void require_publishable(const fakes::FakeHost::Publish& publish, const std::string& audience) {
  require(!proto::check_topic(publish.topic));
  std::string content = publish.content;
  require(proto::is_valid_utf8(content));
  if (publish.kind == proto::Kind::json) require(!proto::check_json(content));
  std::size_t bytes = 0;
  proto::for_each_member(audience, [&bytes](proto::Sign sign, std::string_view member) {
    require(sign == proto::Sign::topic_to || sign == proto::Sign::topic_except);
    bytes += 3 + member.size();
  });
  require(bytes == audience.size());
}

void require_delivery(const proto::wamp1::Wamp1Session& session, const fakes::FakeHost::Publish& publish) {
  std::string delivery;
  session.wire_format()->append(
      *session.wire_format(), {.topic = publish.topic, .event = "e", .kind = publish.kind, .content = publish.content},
      delivery);
  require_array_frames(delivery);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string frame(reinterpret_cast<const char*>(data), size);
  if (!proto::is_valid_utf8(frame)) return 0;  // never reaches a session

  proto::wamp1::Wamp1Session session;
  fakes::FakeHost host;
  session.on_open(host);
  for (std::string prefix : {R"([1,"event","http://example.com/event#"])", R"([1,"","$"])"}) {
    session.on_message(proto::DataType::text, prefix, host);
  }
  require(host.sent.size() == 1 && host.closes.empty());
  const std::string said = frame;  // which is unescaped in place
  session.on_message(proto::DataType::text, frame, host);

  const std::size_t asked = host.publishes.size() + host.subscribes.size() + host.unsubscribes.size();
  const std::size_t did = asked + host.sent.size() - 1 + host.closes.size();
  require(did == 1 || (did == 0 && is_prefix(said)));
  for (std::size_t i = 0; i < host.publishes.size(); ++i) {
    require_publishable(host.publishes[i], host.audiences[i]);
    require_delivery(session, host.publishes[i]);
  }
  for (const auto& subscribe : host.subscribes) {
    require(!proto::check_topic(subscribe.topic));
    session.on_subscribed(subscribe.tag, subscribe.topic, proto::Subscribed{1, 2, {}}, host);
    require(host.members.size() == 1);
  }
  for (const std::string& topic : host.unsubscribes) require(!proto::check_topic(topic));
  for (const std::string& bytes : host.sent) require_array_frames(bytes);
  return 0;
}
