// SPDX-License-Identifier: Apache-2.0
// How sockets come and go.
#include <algorithm>

#include "proto/json.h"
#include "proto/notation.h"
#include "proto/socketio/encode.h"
#include "proto/socketio/namespace_topics.h"
#include "proto/socketio/socket_session.h"

namespace proto::socketio {
namespace {

using State = Socket::State;

constexpr std::string_view empty_auth = "{}";

struct RecoveryClaim {
  std::string pid;     // empty: none that could be one
  std::string offset;  // empty: none
};

// What of CONNECT's payload is a secret of the recovery. Of what is there twice the last counts.
RecoveryClaim read_claim(std::string_view payload) {
  RecoveryClaim claim;
  std::string copy(payload);
  JsonReader reader(copy);
  if (reader.type() != JsonType::object) return claim;
  reader.enter_object();
  while (const auto key = reader.next_member()) {
    std::string* const into = *key == "pid" ? &claim.pid : *key == "offset" ? &claim.offset : nullptr;
    if (into != nullptr && reader.type() == JsonType::string) {
      *into = reader.read_string().value_or("");
    } else {
      reader.read_value();
      if (into != nullptr) into->clear();
    }
  }
  return claim;
}

void copy_secret(std::string_view from, std::array<char, secret_bytes>& to) {
  to.fill('-');
  std::copy_n(from.begin(), std::min(from.size(), to.size()), to.begin());
}

}  // namespace

void SocketSession::on_connect(const Packet& packet, Host& host) {
  if (find(packet.nsp) != nullptr) return offended(packet.nsp, "already_connected", host);
  const auto refuse = [&](std::string_view message, std::string_view data) {
    std::string text;
    append_connect_error(text, packet.nsp, message, data);
    send_packet(text, {}, host);
  };
  const ServedNamespace* const served = endpoint().find(packet.nsp);
  if (served == nullptr) {
    services().observer.refused("", "unknown_namespace");
    return refuse("Invalid namespace", {});
  }
  if (sockets_.size() >= endpoint().limits().namespaces_max) {
    services().observer.refused(packet.nsp, "too_many_namespaces");
    return refuse("Too many namespaces", {});
  }
  const std::string auth = visible_auth(packet.payload);
  if (served->keeps_auth && auth.size() > endpoint().limits().data_bytes_max) {
    services().observer.refused(packet.nsp, "too_much_data");
    return refuse("Too much data", {});
  }
  Known known = this->known(host);
  known.auth = auth;
  if (const ConnectRefusal* const refusal = find_refusal(served->rules, known)) {
    services().observer.refused(packet.nsp, "connect_refused");
    const Filled data = refusal->data ? fill(*refusal->data, known) : Filled();
    return refuse(refusal->message, data.attachments.empty() ? data.json : std::string());
  }
  sockets_.push_back({.served = served, .serial = ++last_serial_});
  Socket& socket = sockets_.back();
  if (auth != empty_auth) socket.more().auth = auth;
  begin(socket, packet, host);
}

void SocketSession::begin(Socket& socket, const Packet& packet, Host& host) {
  if (!socket.rules().recovery) return subscribe(socket, {}, host);
  RecoveryClaim claim = read_claim(packet.payload);
  if (claim.pid.empty()) return subscribe(socket, {}, host);
  const std::optional<StreamPosition> position = parse_recovery_offset(claim.offset);
  if (!position) return start_anew(socket, Observer::Recovery::bad_offset, host);
  socket.state = State::asking;
  socket.more().resumption =
      std::make_unique<Resumption>(Resumption{.pid = std::move(claim.pid), .position = *position, .kept = {}});
  services().keeper.take(host, tag_of(socket.serial, 0), socket.rules(), socket.extra->resumption->pid);
}

void SocketSession::subscribe(Socket& socket, const Start& start, Host& host) {
  socket.state = start.from == Start::From::now ? State::subscribing : State::resuming;
  Start begin = start;
  begin.by_rule = true;
  const auto error = host.subscribe(tag_of(socket.serial, 0), socket.served->stream, begin);
  // A CONNECT_ERROR would keep the client away for good.
  if (error) close(reason_of(*error), host);
}

void SocketSession::on_kept(Tag tag, std::optional<KeptSocket>&& kept, Host& host) {
  Socket* const socket = find_by(tag);
  if (is_closing() || socket == nullptr || socket->state != State::asking) return;
  if (!kept) return start_anew(*socket, Observer::Recovery::unknown_pid, host);
  Resumption& resumption = *socket->extra->resumption;
  resumption.kept = *std::move(kept);
  subscribe(*socket,
            {.from = Start::From::after, .epoch = resumption.position.epoch, .value = resumption.position.offset},
            host);
}

// Nothing of before is known, or enough of it.
void SocketSession::start_anew(Socket& socket, Observer::Recovery why, Host& host) {
  services().observer.recovered(socket.nsp(), why);
  if (socket.extra != nullptr) socket.extra->resumption.reset();
  subscribe(socket, {}, host);
}

void SocketSession::on_subscribed(Tag tag, std::string_view topic, const Answer<Subscribed>& answer, Host& host) {
  Socket* const socket = find_by(tag);
  if (is_closing() || socket == nullptr) return;
  if (const Error* error = std::get_if<Error>(&answer)) return close(reason_of(*error), host);
  const auto& at = std::get<Subscribed>(answer);
  if (socket->state == State::subscribing) return welcome(*socket, at, host);
  if (socket->state == State::resuming && at.recovered == true) return resume(*socket, at, host);
  if (socket->state == State::resuming) {
    if (const auto error = host.unsubscribe(topic)) return close(reason_of(*error), host);
    return start_anew(*socket, Observer::Recovery::expired, host);
  }
  // It has moved, and what it missed meanwhile is no longer there: where that matters it comes back by itself.
  if (at.recovered == false && socket->rules().recovery) close(Reason::slow_consumer, host);
}

void SocketSession::welcome(Socket& socket, const Subscribed& at, Host& host) {
  copy_secret(host.make_secret(), socket.sid_bytes);
  if (socket.rules().recovery) {
    copy_secret(services().keeper.issue(host, socket.rules()), socket.pid_bytes);
    socket.has_pid = true;
  }
  join_all(socket, host);
  answer_connect(socket, host);
  run_on_connect(socket, false, {at.epoch, at.offset}, host);
}

void SocketSession::resume(Socket& socket, const Subscribed& at, Host& host) {
  const std::unique_ptr<Resumption> resumption = std::move(socket.extra->resumption);
  copy_secret(resumption->kept.sid, socket.sid_bytes);
  copy_secret(resumption->pid, socket.pid_bytes);
  socket.has_pid = true;
  socket.extra->rooms = std::move(resumption->kept.rooms);
  socket.extra->data = std::move(resumption->kept.data);
  socket.extra->resumed_at = {at.epoch, at.offset};
  socket.state = State::replaying;
  services().keeper.hold(host, socket.rules(), socket.pid());
  join_all(socket, host);
}

void SocketSession::on_live(std::string_view topic, Host& host) {
  const auto found = std::ranges::find_if(sockets_, [topic](const Socket& socket) {
    return socket.state == State::replaying && socket.served->stream == topic;
  });
  if (is_closing() || found == sockets_.end()) return;
  services().observer.recovered(found->nsp(), Observer::Recovery::recovered);
  answer_connect(*found, host);
  run_on_connect(*found, true, found->extra->resumed_at, host);
}

void SocketSession::answer_connect(Socket& socket, Host& host) {
  socket.state = State::connected;
  socket.since_s = static_cast<std::uint32_t>(host.clock().wall_us / 1'000'000);
  connect_by_ms_ = 0;
  services().observer.connected(socket.nsp());
  std::string text;
  append_connect(text, socket.nsp(), socket.sid(), socket.pid());
  send_packet(text, {}, host);
}

void SocketSession::run_on_connect(Socket& socket, bool recovered, const StreamPosition& at, Host& host) {
  Known known = known_of(socket, host);
  known.recovered = recovered;
  const Outcome outcome = run(socket.rules().on_connect, known, &socket.rules());
  if (outcome.refused) services().observer.refused(socket.nsp(), label(*outcome.refused));
  const Done done = do_steps(socket, outcome.steps, {.connected_at = at}, host);
  if (done.left || socket.extra == nullptr) return;
  if (!socket.served->keeps_auth) socket.extra->auth = std::string();
  socket.tidy();
}

void SocketSession::join_all(const Socket& socket, Host& host) {
  host.join(socket.served->stream, socket_member(socket.sid()));
  if (socket.extra == nullptr) return;
  for (const std::string& room : socket.extra->rooms) host.join(socket.served->stream, room_member(room));
}

// What was not begun is to be done when it is tried again.
void SocketSession::forget_delayed(Socket& socket, Host& host) {
  if (socket.extra == nullptr) return;
  for (const DelayedEvent& event : socket.extra->delayed) {
    services().dedupes.forget(host, socket.rules(), event.key);
  }
}

void SocketSession::on_disconnect(Socket& socket, Host& host) {
  if (socket.state != State::connected) return;
  forget_delayed(socket, host);
  services().observer.disconnected(socket.nsp());
  const Outcome outcome = run(socket.rules().on_disconnect, known_of(socket, host), &socket.rules());
  if (outcome.refused) services().observer.refused(socket.nsp(), label(*outcome.refused));
  (void)do_steps(socket, outcome.steps, {}, host);
}

void SocketSession::part_for_good(Socket& socket, Host& host) {
  on_disconnect(socket, host);
  if (socket.is_subscribed()) (void)host.unsubscribe(socket.served->stream);
  if (socket.has_pid) services().keeper.drop(host, socket.rules(), socket.pid());
  sockets_.erase(sockets_.begin() + (&socket - sockets_.data()));
}

void SocketSession::kick(Socket& socket, Host& host) {
  std::string text;
  append_disconnect(text, socket.nsp());
  send_packet(text, {}, host);
  part_for_good(socket, host);
}

void SocketSession::on_end(Reason, Host& host) {
  for (Socket& socket : sockets_) {
    on_disconnect(socket, host);
    if (socket.state == State::resuming) {
      Resumption& resumption = *socket.extra->resumption;
      services().keeper.keep(host, socket.rules(), resumption.pid, std::move(resumption.kept));
    } else if (socket.is_catching_up() && socket.has_pid) {
      services().keeper.drop(host, socket.rules(), socket.pid());  // it asks for the rest when it comes back anew
    } else if (socket.has_pid) {
      KeptSocket kept{.sid = std::string(socket.sid()), .rooms = {}, .data = {}};
      if (socket.extra != nullptr) {
        kept.rooms = std::move(socket.extra->rooms);
        kept.data = std::move(socket.extra->data);
      }
      services().keeper.keep(host, socket.rules(), socket.pid(), std::move(kept));
    }
  }
  sockets_.clear();
}

void SocketSession::subscribe_again(std::span<const Served> served, Host& host) {
  for (Socket& socket : sockets_) {
    const Start start = start_behind(served, socket.served->stream);
    const auto error = host.subscribe(tag_of(socket.serial, 0), socket.served->stream, start);
    if (error) return close(reason_of(*error), host);
    join_all(socket, host);
    if (socket.has_pid) services().keeper.hold(host, socket.rules(), socket.pid());
  }
}

}  // namespace proto::socketio
