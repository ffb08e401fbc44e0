// SPDX-License-Identifier: Apache-2.0
// A frame of kodama.v1.json: whatever it is, the session asks for at most one thing, what it asks for is well-formed,
// and it answers in JSON, once.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "fake_host.h"
#include "proto/json.h"
#include "proto/native/session.h"
#include "proto/notation.h"
#include "proto/utf8.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

// An object around values that may each be 64 levels deep.
void require_json_object(std::string text) {
  proto::JsonReader reader(text);
  require(reader.type() == proto::JsonType::object);
  reader.enter_object();
  while (reader.next_member()) reader.read_value();
  require(reader.finish());
}

void require_json_frames(const std::string& bytes) {
  for (const fakes::FrameSeen& frame : fakes::frames(bytes)) {
    require(frame.opcode == 1);
    require(proto::is_valid_utf8(frame.payload));
    require_json_object(frame.payload);
  }
}

void require_publishable(const fakes::FakeHost::Publish& publish) {
  require(!proto::check_topic(publish.topic));
  require(publish.event.empty() || !proto::check_event(publish.event));
  std::string content = publish.content;
  if (publish.kind != proto::Kind::binary) require(proto::is_valid_utf8(content));
  if (publish.kind == proto::Kind::json) require(!proto::check_json(content));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string frame(reinterpret_cast<const char*>(data), size);
  if (!proto::is_valid_utf8(frame)) return 0;  // never reaches a session

  proto::native::NativeSession session;
  fakes::FakeHost host;
  session.on_message(proto::DataType::text, frame, host);
  require(host.publishes.size() + host.subscribes.size() + host.sent.size() == 1);
  for (const auto& publish : host.publishes) {
    require_publishable(publish);
    session.on_published(publish.tag, proto::Published{1, 2}, host);
    session.on_published(0, proto::Error{500, publish.topic}, host);
    std::string delivery;
    const std::string_view event = publish.event.empty() ? std::string_view("e") : std::string_view(publish.event);
    session.wire_format()->append(
        *session.wire_format(),
        {.topic = publish.topic, .event = event, .kind = publish.kind, .content = publish.content}, delivery);
    require_json_frames(delivery);
  }
  for (const auto& subscribe : host.subscribes) {
    require(!proto::check_topic(subscribe.topic));
    session.on_subscribed(subscribe.tag, subscribe.topic, proto::Subscribed{1, 2, true}, host);
    require(!host.sent.empty());
    std::string gap;
    session.append_gap(subscribe.topic, proto::Gap{}, gap);
    require_json_frames(gap);
  }
  for (const std::string& bytes : host.sent) require_json_frames(bytes);
  return 0;
}
