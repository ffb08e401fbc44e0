// SPDX-License-Identifier: Apache-2.0
// The steps that rules come to, done in their order.
#include <algorithm>

#include "proto/audience.h"
#include "proto/notation.h"
#include "proto/socketio/encode.h"
#include "proto/socketio/namespace_topics.h"
#include "proto/socketio/socket_session.h"

namespace proto::socketio {
namespace {

// Of events without a rule of their own there is one topic.
std::string topic_of(const NamespaceRules& nsp, std::string_view event) {
  const auto found = std::ranges::find(nsp.events, event, &EventRule::event);
  return found == nsp.events.end() ? pattern_events_topic(nsp.name) : found->topic;
}

// Where there is recovery all events are in the stream; and what was published before comes by it.
bool goes_by_stream(const Socket& socket, bool published) { return socket.rules().recovery || published; }

std::size_t bytes_of(const std::vector<std::pair<std::string, std::string>>& data) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : data) bytes += name.size() + value.size();
  return bytes;
}

}  // namespace

SocketSession::Done SocketSession::do_steps(Socket& socket, std::span<const Step> steps, const Occasion& occasion,
                                            Host& host) {
  Done done;
  // Who is kicked has left the stream by the time that it would come there.
  const bool kicks =
      std::ranges::any_of(steps, [](const Step& step) { return step.action->kind == ActionKind::disconnect; });
  for (const Step& step : steps) {
    switch (step.action->kind) {
      case ActionKind::emit:
        if (!kicks && goes_by_stream(socket, done.published)) {
          emit_by_stream(socket, step, occasion, done, host);
        } else {
          send_event(socket, step, std::nullopt, host);
        }
        break;
      case ActionKind::ask: ask(socket, step, host); break;
      case ActionKind::broadcast: broadcast(socket, step, occasion, done, host); break;
      case ActionKind::publish: publish_event(socket, step.text, step, {}, occasion, done, host); break;
      case ActionKind::join: join_room(socket, step.text, done, host); break;
      case ActionKind::leave: leave_room(socket, step.text, host); break;
      case ActionKind::set: set(socket, step, done); break;
      case ActionKind::replay: replay(socket, step, occasion, done, host); break;
      case ActionKind::disconnect:
        kick(socket, host);
        done.left = true;
        return done;  // nobody is there for what follows
      case ActionKind::send:
      case ActionKind::drop: break;
    }
    if (!done.refused.empty()) break;
  }
  return done;
}

void SocketSession::emit_by_stream(Socket& socket, const Step& step, const Occasion& occasion, Done& done, Host& host) {
  std::string audience;
  append_member(audience, Sign::to, socket_member(socket.sid()));
  publish_event(socket, socket_topic(socket.nsp(), socket.sid()), step, audience, occasion, done, host);
}

void SocketSession::ask(Socket& socket, const Step& step, Host& host) {
  std::vector<Ask>& asks = socket.more().asks;
  if (asks.size() >= asks_max) asks.erase(asks.begin());
  asks.push_back({.id = ++last_ask_, .action = step.action});
  send_event(socket, step, last_ask_, host);
}

void SocketSession::send_event(const Socket& socket, const Step& step, std::optional<std::uint64_t> id, Host& host) {
  const std::string_view arguments = step.content.json;
  std::string text;
  append_event(
      text, step.event,
      {.nsp = socket.nsp(), .id = id, .arguments = {&arguments, 1}, .attachments = step.content.attachments.size()});
  send_packet(text, step.content.attachments, host);
}

void SocketSession::broadcast(Socket& socket, const Step& step, const Occasion& occasion, Done& done, Host& host) {
  if (step.action->member && std::ranges::none_of(step.to, [&](const auto& room) { return socket.is_in(room); })) {
    return services().observer.refused(socket.nsp(), "not_a_member");
  }
  std::string audience;
  for (const std::string& room : step.to) append_member(audience, Sign::to, room_member(room));
  for (const std::string& room : step.except) append_member(audience, Sign::except, room_member(room));
  if (!step.action->sender) append_member(audience, Sign::except, socket_member(socket.sid()));
  const std::string topic = !step.to.empty()           ? room_topic(socket.nsp(), step.to.front())
                            : occasion.rule != nullptr ? occasion.rule->topic
                                                       : topic_of(socket.rules(), step.event);
  publish_event(socket, topic, step, audience, occasion, done, host);
}

void SocketSession::publish_event(Socket& socket, std::string_view topic, const Step& step, std::string_view audience,
                                  const Occasion& occasion, Done& done, Host& host) {
  const EventContent content = write_content(step.content);
  if (content.inlined_bytes > endpoint().limits().message_bytes_max) {
    done.refused = facts(Reason::message_too_big).label;
    return;
  }
  const bool waits = occasion.number != 0;
  const bool has_cursor = step.action->kind != ActionKind::emit;
  const Tag tag = waits ? tag_of(socket.serial, occasion.number << 1 | (has_cursor ? 1 : 0)) : nobody_waits;
  const Publication publication{.topic = topic,
                                .event = step.event,
                                .kind = content.kind,
                                .content = content.bytes,
                                .quiet = !waits,
                                .by_rule = true,
                                .audience = audience};
  if (const auto error = host.publish(tag, publication)) {
    done.refused = facts(reason_of(*error)).label;
    return;
  }
  done.published = true;
  if (waits) ++done.publishes;
}

void SocketSession::join_room(Socket& socket, std::string_view room, Done& done, Host& host) {
  if (socket.is_in(room)) return;
  std::vector<std::string>& rooms = socket.more().rooms;
  if (rooms.size() >= endpoint().limits().rooms_max) {
    done.refused = "too_many_rooms";
    return;
  }
  rooms.emplace_back(room);
  host.join(socket.served->stream, room_member(room));
}

void SocketSession::leave_room(Socket& socket, std::string_view room, Host& host) {
  if (!socket.is_in(room)) return;
  std::erase(socket.extra->rooms, room);
  host.part(socket.served->stream, room_member(room));
}

void SocketSession::set(Socket& socket, const Step& step, Done& done) {
  auto data = socket.more().data;
  for (const auto& pair : step.data) {
    const auto found = std::ranges::find(data, pair.first, [](const auto& each) { return each.first; });
    if (found == data.end()) {
      data.push_back(pair);
    } else {
      found->second = pair.second;
    }
  }
  if (bytes_of(data) > endpoint().limits().data_bytes_max) {
    done.refused = "too_much_data";
    return;
  }
  socket.more().data = std::move(data);
}

}  // namespace proto::socketio
