// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/plain_session.h"

#include "proto/notation.h"
#include "proto/socketio/engine_format.h"

namespace proto::socketio {
namespace {

constexpr Tag nobody_waits = 0;

std::string_view label_of(const Error& error) { return facts(reason_of(error)).label; }

// What a step says: the one attachment, or text.
std::string_view message_of(const Step& step) {
  return step.binary ? step.content.attachments.front() : std::string_view(step.content.json);
}

}  // namespace

void PlainSession::on_opened(Host& host) {
  for (const std::string& topic : endpoint().plain()->subscribe) subscribe(topic, {}, host);
  run_all(endpoint().plain()->on_connect, {}, host);
}

void PlainSession::subscribe(std::string_view topic, const Start& start, Host& host) {
  Start begin = start;
  begin.by_rule = true;
  if (const auto error = host.subscribe(nobody_waits, topic, begin)) close(reason_of(*error), host);
}

void PlainSession::subscribe_again(std::span<const Served> served, Host& host) {
  for (const std::string& topic : endpoint().plain()->subscribe) subscribe(topic, start_behind(served, topic), host);
}

void PlainSession::on_text(std::span<char> text, Host& host) { decide({.bytes = {text.data(), text.size()}}, host); }

void PlainSession::on_binary(std::string_view bytes, Host& host) { decide({.bytes = bytes, .binary = true}, host); }

void PlainSession::decide(const EngineMessage& message, Host& host) {
  const MessageRule* const rule = find_rule(*endpoint().plain(), message);
  if (rule == nullptr) return services().observer.refused("", "no_rule");
  run_all(rule->actions, message, host);
}

void PlainSession::run_all(std::span<const Action> actions, const EngineMessage& message, Host& host) {
  Known known = this->known(host);
  known.message = message;
  const Outcome outcome = run(actions, known, nullptr);
  if (outcome.refused) return services().observer.refused("", label(*outcome.refused));
  for (const Step& step : outcome.steps) {
    if (is_closing()) return;
    switch (step.action->kind) {
      case ActionKind::send: send(step, host); break;
      case ActionKind::publish: publish(step, host); break;
      case ActionKind::disconnect: close(Reason::policy_violation, host); break;
      default: break;  // no such action is read here
    }
  }
}

void PlainSession::send(const Step& step, Host& host) {
  const std::string_view message = message_of(step);
  if (step.binary) return send_binary(message, host);
  if (framing() == Framing::polling && !fits_payload(message)) return services().observer.refused("", "separator");
  std::string packet;
  append_engine_packet(packet, EngineType::message, message);
  send_packet(packet, {}, host);
}

void PlainSession::publish(const Step& step, Host& host) {
  const Publication publication{.topic = step.text,
                                .event = {},
                                .kind = step.binary ? Kind::binary : Kind::text,
                                .content = message_of(step),
                                .quiet = true,
                                .by_rule = true};
  if (const auto error = host.publish(nobody_waits, publication)) services().observer.refused("", label_of(*error));
}

void PlainSession::on_published(Tag, const Answer<Published>& answer, Host&) {
  if (const Error* error = std::get_if<Error>(&answer)) services().observer.refused("", label_of(*error));
}

void PlainSession::on_subscribed(Tag, std::string_view, const Answer<Subscribed>& answer, Host& host) {
  if (const Error* error = std::get_if<Error>(&answer)) close(reason_of(*error), host);
}

const WireFormat* PlainSession::wire_format() const {
  return endpoint().plain()->subscribe.empty() ? nullptr : &engine_format(framing());
}

}  // namespace proto::socketio
