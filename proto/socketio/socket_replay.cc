// SPDX-License-Identifier: Apache-2.0
// The messages of an event behind a cursor, sent as events. For a socket that has just connected they come ahead of all
// that is live: the newest cursor that a client has seen, or offset, then says that it has seen what was before. Where an
// event asks for it, what is live may come between two pages.
#include <algorithm>

#include "proto/audience.h"
#include "proto/notation.h"
#include "proto/socketio/socket_session.h"

namespace proto::socketio {
namespace {

constexpr std::uint32_t page_messages_max = 100;
constexpr std::int64_t pause_ms = 50;  // where there is no room for a page

// Behind a cursor ("5f3a00000000c0de.41"), or behind an offset of the present epoch ("41"); from the beginning on where
// it is neither.
Start start_after(std::string_view cursor) {
  Start start{.from = Start::From::after, .epoch = std::nullopt, .value = 0};
  if (const auto position = parse_cursor(cursor)) {
    start.epoch = position->epoch;
    start.value = position->offset;
  } else {
    start.value = parse_number(cursor).value_or(0);
  }
  return start;
}

}  // namespace

void SocketSession::replay(Socket& socket, const Step& step, const Occasion& occasion, Done& done, Host& host) {
  std::vector<Replay>& replays = socket.more().replays;
  if (replays.size() >= replays_max) {
    done.refused = "too_many_replays";
    return;
  }
  if (occasion.connected_at) host.hold_live(socket.served->stream);
  const std::uint32_t number = ++last_number_;
  replays.push_back({.number = number,
                     .topic = step.action->topic,
                     .event = step.event,
                     .next = start_after(step.text),
                     .until = occasion.connected_at});
  read_on(socket, number, host);
}

void SocketSession::read_on(Socket& socket, std::uint32_t number, Host& host) {
  std::vector<Replay>& replays = socket.extra->replays;
  const auto replay = std::ranges::find(replays, number, &Replay::number);
  if (!host.has_room()) {
    replay->paused_until_ms = host.clock().steady_ms + pause_ms;
    return arm(host);
  }
  replay->paused_until_ms.reset();
  replay->next.by_rule = true;
  const auto error = host.read_log(tag_of(socket.serial, number), replay->topic, replay->next, page_messages_max);
  if (!error) return;
  services().observer.refused(socket.nsp(), facts(reason_of(*error)).label);
  end_replay(socket, number, host);
}

void SocketSession::end_replay(Socket& socket, std::uint32_t number, Host& host) {
  std::erase_if(socket.extra->replays, [number](const Replay& each) { return each.number == number; });
  if (!socket.is_catching_up()) host.go_live(socket.served->stream);
}

void SocketSession::on_log(Tag tag, const Answer<LogPage>& answer, Host& host) {
  Socket* const socket = find_by(tag);
  if (is_closing() || socket == nullptr || socket->extra == nullptr) return;
  std::vector<Replay>& replays = socket->extra->replays;
  const auto replay = std::ranges::find(replays, number_of(tag), &Replay::number);
  if (replay == replays.end()) return;
  const auto* const page = std::get_if<LogPage>(&answer);
  if (page == nullptr) {
    services().observer.refused(socket->nsp(), facts(reason_of(std::get<Error>(answer))).label);
    return end_replay(*socket, number_of(tag), host);
  }
  const std::string events = write_page(*socket, *replay, *page, host);
  if (!events.empty()) host.send(events);
  if (!page->more || page->messages.empty()) {
    end_replay(*socket, number_of(tag), host);
    return socket->tidy();
  }
  replay->next = {.from = Start::From::after, .epoch = page->epoch, .value = page->messages.back().offset};
  read_on(*socket, replay->number, host);
}

std::string SocketSession::write_page(const Socket& socket, const Replay& replay, const LogPage& page,
                                      const Host& host) const {
  const NamespaceFormat& format = socket.served->format(framing());
  const auto is_one = [&](std::string_view member) { return host.is_member(socket.served->stream, member); };
  std::string events;
  for (Message message : page.messages) {
    if (message.event != replay.event || !includes(message.audience, stream_signs, is_one)) continue;
    if (replay.until) {
      if (message.stream_offset > replay.until->offset) continue;  // it has come live
      message.stream_epoch = replay.until->epoch;
      message.stream_offset = replay.until->offset;
    }
    format.append(format, message, events);
  }
  return events;
}

}  // namespace proto::socketio
