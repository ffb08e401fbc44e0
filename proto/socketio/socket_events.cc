// SPDX-License-Identifier: Apache-2.0
// An event of a client's: what its rule says, and the acknowledgement.
#include <algorithm>

#include "proto/notation.h"
#include "proto/socketio/encode.h"
#include "proto/socketio/socket_session.h"

namespace proto::socketio {
namespace {

constexpr std::uint64_t burst_max = 1'000'000'000;  // beyond it is no bound

std::vector<std::string_view> views(const std::vector<std::string>& strings) {
  return {strings.begin(), strings.end()};
}

}  // namespace

void SocketSession::on_event(Socket& socket, const Packet& packet, std::span<const std::string> attachments,
                             Host& host) {
  const EventRule* const rule = find_rule(socket.rules(), packet.event);
  if (rule == nullptr) return services().observer.unmatched(socket.nsp(), packet.event);
  Known known = known_of(socket, host);
  known.event = packet.event;
  known.arguments = arguments_of(packet, attachments);
  std::optional<RuleRefusal> refused = check_event_name(packet.event);
  if (!refused) refused = check_arguments(rule->checks, known.arguments);
  if (refused) return services().observer.refused(socket.nsp(), label(*refused));
  if (rule->rate && !is_within_rate(socket, *rule, host)) {
    return services().observer.refused(socket.nsp(), facts(Reason::rate_exceeded).label);
  }
  std::string key = rule->dedupe ? dedupe_key(*rule->dedupe, known) : std::string();
  if (!key.empty()) return delay(socket, *rule, std::move(key), packet, attachments, host);
  carry_out(socket, *rule, {}, packet.id, known, host);
}

// A bucket that holds `burst`, kept as the time at which it will be full again.
bool SocketSession::is_within_rate(Socket& socket, const EventRule& rule, Host& host) {
  std::vector<Bucket>& buckets = socket.more().buckets;
  auto found = std::ranges::find(buckets, &rule, &Bucket::rule);
  if (found == buckets.end()) found = buckets.insert(buckets.end(), {.rule = &rule});
  const std::int64_t now_us = host.clock().steady_ms * 1000;
  const auto price_us = static_cast<std::int64_t>(1'000'000 / rule.rate->per_second);
  const std::int64_t full_at_us = std::max(found->full_at_us, now_us) + price_us;
  if (full_at_us - now_us > price_us * static_cast<std::int64_t>(std::min(rule.rate->burst, burst_max))) return false;
  found->full_at_us = full_at_us;
  return true;
}

void SocketSession::delay(Socket& socket, const EventRule& rule, std::string&& key, const Packet& packet,
                          std::span<const std::string> attachments, Host& host) {
  std::vector<DelayedEvent>& delayed = socket.more().delayed;
  if (delayed.size() >= delayed_max) return services().observer.refused(socket.nsp(), "too_many_delayed");
  auto copy = std::make_unique<BinaryPacket>();
  // What was read once is read once more where it can stay.
  append_event(
      copy->text, packet.event,
      {.nsp = socket.nsp(), .id = packet.id, .arguments = {&packet.arguments, 1}, .attachments = packet.attachments});
  copy->text.erase(0, 1);  // Engine.IO's type
  copy->attachments.assign(attachments.begin(), attachments.end());
  if (const auto error = parse_packet(copy->text, copy->packet)) {
    return services().observer.refused(socket.nsp(), label(*error));
  }
  const std::uint32_t number = ++last_number_;
  services().dedupes.ask(host, tag_of(socket.serial, number), socket.rules(), key, rule.dedupe->window);
  delayed.push_back({.number = number, .rule = &rule, .key = std::move(key), .packet = std::move(copy)});
}

void SocketSession::on_deduped(Tag tag, bool repeated, Host& host) {
  Socket* const socket = find_by(tag);
  if (is_closing() || socket == nullptr || socket->extra == nullptr) return;
  std::vector<DelayedEvent>& delayed = socket->extra->delayed;
  const auto found = std::ranges::find(delayed, number_of(tag), &DelayedEvent::number);
  if (found == delayed.end()) return;
  DelayedEvent event = std::move(*found);
  delayed.erase(found);
  const Packet& packet = event.packet->packet;
  Known known = known_of(*socket, host);
  known.event = packet.event;
  known.arguments = arguments_of(packet, event.packet->attachments);
  if (repeated) return acknowledge(*socket, *event.rule, {}, packet.id, known, {}, 0, host);
  carry_out(*socket, *event.rule, std::move(event.key), packet.id, known, host);
}

void SocketSession::carry_out(Socket& socket, const EventRule& rule, std::string&& key, std::optional<std::uint64_t> id,
                              const Known& known, Host& host) {
  const Outcome outcome = run(rule.actions, known, &socket.rules());
  Done done;
  Occasion occasion{.rule = &rule};
  if (outcome.refused) {
    done.refused = label(*outcome.refused);
  } else {
    const bool acks = id && rule.ack && !outcome.dropped;
    if (!acks) id.reset();
    if (acks || !key.empty()) occasion.number = next_ack_number();
    done = do_steps(socket, outcome.steps, occasion, host);
  }
  if (!done.refused.empty()) services().observer.refused(socket.nsp(), done.refused);
  if (done.left) return;
  if (done.refused.empty()) return acknowledge(socket, rule, std::move(key), id, known, done, occasion.number, host);
  if (!key.empty()) services().dedupes.forget(host, socket.rules(), key);
}

// Never 0, and a bit shorter than its type.
std::uint32_t SocketSession::next_ack_number() {
  do {
    ++last_number_;
  } while ((last_number_ & ack_number_max) == 0);
  return last_number_ & ack_number_max;
}

void SocketSession::acknowledge(Socket& socket, const EventRule& rule, std::string&& key,
                                std::optional<std::uint64_t> id, Known known, const Done& done, std::uint32_t number,
                                Host& host) {
  if (!rule.ack) id.reset();
  Filled filled;
  if (id) {
    const Known now = known_of(socket, host);  // rules may have set data
    known.data = now.data;
    known.cursor_later = done.publishes > 0;
    filled = fill_list(*rule.ack, known);
  }
  if (filled.attachments.size() > attachments_max) {
    return services().observer.refused(socket.nsp(), label(RuleRefusal::undeliverable));
  }
  if (done.publishes == 0) {
    if (id) send_ack(socket, *id, filled.json, filled.attachments, host);
    return;
  }
  if (number == 0) return;
  socket.more().acks.push_back({.number = number,
                                .publishes = done.publishes,
                                .id = id,
                                .json = std::move(filled.json),
                                .cursors = std::move(filled.cursors),
                                .attachments = {filled.attachments.begin(), filled.attachments.end()},
                                .key = std::move(key)});
}

void SocketSession::on_published(Tag tag, const Answer<Published>& answer, Host& host) {
  const Error* const error = std::get_if<Error>(&answer);
  if (error != nullptr) services().observer.refused("", facts(reason_of(*error)).label);
  Socket* const socket = tag == nobody_waits ? nullptr : find_by(tag);
  if (is_closing() || socket == nullptr || socket->extra == nullptr) return;
  std::vector<WaitingAck>& acks = socket->extra->acks;
  const auto found = std::ranges::find(acks, number_of(tag) >> 1, &WaitingAck::number);
  if (found == acks.end()) return;
  if (error != nullptr) {
    found->refused = true;
  } else if ((number_of(tag) & 1) != 0) {
    const auto& published = std::get<Published>(answer);
    found->cursor = cursor_text(published.epoch, published.offset);
  }
  if (--found->publishes > 0) return;
  WaitingAck ack = std::move(*found);
  acks.erase(found);
  if (ack.refused) {
    if (!ack.key.empty()) services().dedupes.forget(host, socket->rules(), ack.key);
  } else if (ack.id) {
    insert_cursor(ack.json, ack.cursors, ack.cursor);
    send_ack(*socket, *ack.id, ack.json, views(ack.attachments), host);
  }
  socket->tidy();
}

void SocketSession::send_ack(const Socket& socket, std::uint64_t id, std::string_view json,
                             std::span<const std::string_view> attachments, Host& host) {
  std::string text;
  append_ack(text, {.nsp = socket.nsp(), .id = id, .arguments = {&json, 1}, .attachments = attachments.size()});
  send_packet(text, attachments, host);
}

void SocketSession::on_answer(Socket& socket, const Packet& packet, std::span<const std::string> attachments,
                              Host& host) {
  if (socket.extra == nullptr || !packet.id) return;
  std::vector<Ask>& asks = socket.extra->asks;
  const auto found = std::ranges::find(asks, *packet.id, &Ask::id);
  if (found == asks.end()) return;  // nobody asked, or nobody waits any more
  const Action& action = *found->action;
  asks.erase(found);
  Known known = known_of(socket, host);
  known.arguments = arguments_of(packet, attachments);
  const Outcome outcome = run(action.then, known, &socket.rules());
  if (outcome.refused) return services().observer.refused(socket.nsp(), label(*outcome.refused));
  const std::string nsp(socket.nsp());
  const Done done = do_steps(socket, outcome.steps, {}, host);
  if (!done.refused.empty()) services().observer.refused(nsp, done.refused);
}

}  // namespace proto::socketio
