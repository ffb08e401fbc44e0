// SPDX-License-Identifier: Apache-2.0
#include "proto/raw/session.h"

#include "proto/attachments.h"
#include "proto/notation.h"
#include "proto/websocket/frame.h"

namespace proto::raw {
namespace {

constexpr Tag unused_tag = 0;  // every answer means the same: refused or not

void append_content(const WireFormat&, const Message& message, std::string& out) {
  std::string_view content = message.content;
  std::string inlined;
  if (message.kind == Kind::json_attachments) {
    append_inlined(inlined, content);
    content = inlined;
  }
  const bool binary = message.kind == Kind::binary;
  websocket::append_frame(out, binary ? websocket::Opcode::binary : websocket::Opcode::text, content);
}

constexpr WireFormat content_alone{"raw", &append_content};

}  // namespace

void RawSession::on_open(Host& host) {
  const std::unique_ptr<const Start> start = std::move(start_);
  if (direction_ == Direction::publish_only) return;
  if (const std::optional<Error> error = host.subscribe(unused_tag, topic_, *start)) host.close(reason_of(*error));
}

void RawSession::on_message(DataType type, std::span<char> payload, Host& host) {
  const Publication publication{.topic = topic_,
                                .event = {},
                                .kind = type == DataType::text ? Kind::text : Kind::binary,
                                .content = {payload.data(), payload.size()},
                                .quiet = true};
  if (const std::optional<Error> error = host.publish(unused_tag, publication)) host.close(reason_of(*error));
}

void RawSession::on_published(Tag, const Answer<Published>& answer, Host& host) {
  if (const Error* error = std::get_if<Error>(&answer)) host.close(reason_of(*error));
}

void RawSession::on_subscribed(Tag, std::string_view, const Answer<Subscribed>& answer, Host& host) {
  if (const Error* error = std::get_if<Error>(&answer)) host.close(reason_of(*error));
}

const WireFormat* RawSession::wire_format() const {
  return direction_ == Direction::publish_only ? nullptr : &content_alone;
}

}  // namespace proto::raw
