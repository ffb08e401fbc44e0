// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/namespace_format.h"

#include <string>
#include <string_view>

#include "proto/socketio/content.h"
#include "proto/socketio/encode.h"
#include "proto/socketio/namespace_topics.h"
#include "proto/socketio/recovery_offset.h"
#include "proto/socketio/run_rules.h"

namespace proto::socketio {
namespace {

// A message as an event of its namespace.
class Event {
 public:
  Event(const NamespaceRules& rules, const Message& message) : rules_(rules), message_(message) {
    read_arguments(message, given_);
    const Delivery* const delivery = find_delivery(rules, message.event);
    // An emit says itself how it looks, whether it goes by the stream or not.
    if (delivery != nullptr && !message.topic.starts_with(socket_topic(rules.name, ""))) {
      fill(*delivery);
    } else {
      pieces_[0] = given_.json;
    }
    if (rules.recovery && message.stream_offset > 0) append_offset();
  }

  [[nodiscard]] Outgoing outgoing() const {
    return {.nsp = rules_.name, .arguments = pieces_, .attachments = attachments().size()};
  }
  [[nodiscard]] std::span<const std::string_view> attachments() const {
    return filled_ ? filled_->attachments : given_.attachments;
  }

 private:
  void fill(const Delivery& delivery) {
    const SplitValues values = split_values(given_.json);
    copies_.assign(given_.attachments.begin(), given_.attachments.end());
    const std::string cursor = cursor_text(message_.epoch, message_.offset);
    Known known{.event = message_.event, .cursor = cursor, .time_us = message_.time_us};
    known.arguments = {.all = given_.json,
                       .count = values.count,
                       .each = {values.first.data(), values.first.size()},
                       .placeholders = given_.placeholders,
                       .attachments = copies_};
    filled_ = fill_list(delivery.args, known);
    pieces_[0] = filled_->json;
  }

  void append_offset() {
    offset_ = '"';
    append_recovery_offset(offset_, {message_.stream_epoch, message_.stream_offset});
    offset_ += '"';
    pieces_[1] = offset_;
  }

  const NamespaceRules& rules_;
  const Message& message_;
  EventArguments given_;
  std::optional<Filled> filled_;     // where `deliver` says something
  std::vector<std::string> copies_;  // what `filled_` views
  std::string offset_;
  std::string_view pieces_[2];
};

// Hot: once a message and shard.
void append_event_of(const WireFormat& self, const Message& message, std::string& out) {
  const auto& format = static_cast<const NamespaceFormat&>(self);
  const Event event(format.rules, message);
  if (check_deliverable(message.event, event.outgoing())) return;
  const std::size_t begin = begin_text(out, format.framing);
  append_event(out, message.event, event.outgoing());
  end_text(out, format.framing, begin);
  for (const std::string_view bytes : event.attachments()) append_binary(out, format.framing, bytes);
}

std::string_view refusal_of(const WireFormat& self, const Message& message) {
  const Event event(static_cast<const NamespaceFormat&>(self).rules, message);
  const std::optional<Undeliverable> why = check_deliverable(message.event, event.outgoing());
  return why ? label(*why) : std::string_view();
}

}  // namespace

NamespaceFormat::NamespaceFormat(const NamespaceRules& of, Framing with)
    : WireFormat{"socketio", &append_event_of, &refusal_of}, rules(of), framing(with) {}

}  // namespace proto::socketio
