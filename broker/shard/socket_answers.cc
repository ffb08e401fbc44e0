// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/socket_answers.h"

#include <algorithm>
#include <vector>

#include "broker/shard/services.h"
#include "broker/shard/subscriber.h"
#include "config/limits.h"
#include "proto/socketio/engine_session.h"
#include "proto/socketio/namespace_topics.h"

namespace broker::shard {
namespace {

namespace limits = config::limits;
using Outcome = base::SocketDirectory::Outcome;
using proto::socketio::EngineSession;
using proto::socketio::SocketInfo;

Subscriber* subscriber_of(const topics::Subscription& subscription) {
  return static_cast<Subscriber*>(static_cast<Recipient*>(topics::SubscriberTable::subscriber_of(subscription)));
}

EngineSession* engine_of(Subscriber& subscriber) { return dynamic_cast<EngineSession*>(subscriber.session()); }

// Null: nobody on this shard is in the namespace.
const topics::Memberships* members_of(const Services& services, std::string_view nsp) {
  const topics::LocalTopic* const stream = services.router.find(proto::socketio::stream_of(nsp));
  return stream == nullptr || !stream->is_stream ? nullptr : &stream->addressing->members;
}

base::SocketEntry entry_of(const SocketInfo& info, const EngineSession& engine) {
  return {.sid = std::string(info.sid),
          .rooms = {info.rooms.begin(), info.rooms.end()},
          .data = {info.data.begin(), info.data.end()},
          .since_s = info.since_s,
          .polls = engine.framing() == proto::socketio::Framing::polling};
}

std::size_t bytes_of(const base::SocketEntry& entry) {
  std::size_t bytes = sizeof entry + entry.sid.size();
  for (const std::string& room : entry.rooms) bytes += sizeof room + room.size();
  for (const auto& [name, value] : entry.data) bytes += sizeof name + name.size() + sizeof value + value.size();
  return bytes;
}

// Socket by socket, until the page is full.
class Page {
 public:
  Page(const SocketQuestion& question, SocketAnswer& answer) : question_(question), answer_(answer) {}

  [[nodiscard]] bool full() const {
    return answer_.sockets.size() >= question_.limit || bytes_ >= limits::socket_page_bytes_max;
  }
  void take(Subscriber& subscriber) {
    const EngineSession* const engine = engine_of(subscriber);
    if (engine == nullptr) return;
    engine->list_sockets([&](const SocketInfo& info) {
      if (info.nsp != question_.nsp) return;
      if (!question_.room.empty() && std::ranges::find(info.rooms, question_.room) == info.rooms.end()) return;
      answer_.sockets.push_back(entry_of(info, *engine));
      bytes_ += bytes_of(answer_.sockets.back());
    });
  }

 private:
  const SocketQuestion& question_;
  SocketAnswer& answer_;
  std::size_t bytes_ = 0;
};

// Of a room that is not too large its members, in the order of their slots.
void list_members(const topics::Memberships& members, const SocketQuestion& question, SocketAnswer& answer) {
  std::vector<Subscriber*> found;
  members.for_each(proto::socketio::room_member(question.room), [&](const topics::Subscription& each) {
    Subscriber* const subscriber = subscriber_of(each);
    if (subscriber->id().slot >= question.from_slot) found.push_back(subscriber);
  });
  std::ranges::sort(found, {}, [](const Subscriber* each) { return each->id().slot; });
  Page page(question, answer);
  for (Subscriber* each : found) {
    if (page.full()) {
      answer.next_slot = each->id().slot;
      return;
    }
    page.take(*each);
  }
}

void list(const Services& services, const SocketQuestion& question, SocketAnswer& answer) {
  const topics::Memberships* const members = members_of(services, question.nsp);
  if (members == nullptr) return;
  if (!question.room.empty()) {
    const std::size_t count = members->count(proto::socketio::room_member(question.room));
    if (count <= limits::socket_slots_per_turn) return list_members(*members, question, answer);
  }
  const std::size_t slots = services.clients.slots();
  const std::size_t end = std::min<std::size_t>(slots, question.from_slot + limits::socket_slots_per_turn);
  Page page(question, answer);
  std::size_t slot = question.from_slot;
  for (; slot < end && !page.full(); ++slot) {
    services.clients.for_each(slot, slot + 1, [&](Recipient& each) { page.take(static_cast<Subscriber&>(each)); });
  }
  if (slot < slots) answer.next_slot = static_cast<std::uint32_t>(slot);
}

// Whose socket it is. Null: it is not here.
Subscriber* find_owner(const Services& services, const SocketQuestion& question) {
  const topics::Memberships* const members = members_of(services, question.nsp);
  Subscriber* owner = nullptr;
  if (members == nullptr) return owner;
  members->for_each(proto::socketio::socket_member(question.sid),
                    [&](const topics::Subscription& each) { owner = subscriber_of(each); });
  return owner != nullptr && engine_of(*owner) != nullptr ? owner : nullptr;
}

void find(const Services& services, const SocketQuestion& question, SocketAnswer& answer) {
  Subscriber* const owner = find_owner(services, question);
  if (owner == nullptr) return;
  const EngineSession& engine = *engine_of(*owner);
  engine.list_sockets([&](const SocketInfo& info) {
    if (info.nsp == question.nsp && info.sid == question.sid) answer.sockets.push_back(entry_of(info, engine));
  });
}

Outcome change(const Services& services, const SocketQuestion& question) {
  SocketAnswer found;
  find(services, question, found);
  if (found.sockets.empty()) return Outcome::unknown_socket;
  Subscriber& owner = *find_owner(services, question);
  EngineSession& engine = *engine_of(owner);
  proto::Host& host = owner.host();
  switch (question.kind) {
    case SocketQuestion::Kind::join:
      return engine.join(question.nsp, question.sid, question.room, host) ? Outcome::done : Outcome::too_many_rooms;
    case SocketQuestion::Kind::leave:
      (void)engine.leave(question.nsp, question.sid, question.room, host);  // or it is not in it, which is as well
      return Outcome::done;
    default: (void)engine.disconnect(question.nsp, question.sid, host); return Outcome::done;
  }
}

void count(const Services& services, SocketAnswer& answer) {
  for (const std::string& nsp : services.common.namespaces) {
    const topics::LocalTopic* const stream = services.router.find(proto::socketio::stream_of(nsp));
    answer.counts.push_back({.name = nsp, .sockets = stream == nullptr ? 0 : stream->subscriptions()});
  }
}

void list_rooms(const Services& services, const SocketQuestion& question, SocketAnswer& answer) {
  const topics::LocalTopic* const stream = services.router.find(proto::socketio::stream_of(question.nsp));
  answer.counts.push_back({.name = question.nsp, .sockets = stream == nullptr ? 0 : stream->subscriptions()});
  const topics::Memberships* const members = members_of(services, question.nsp);
  if (members == nullptr) return;
  const std::string_view prefix = members->listed();
  answer.more = members->list_behind(
      std::string(prefix) + question.room, question.limit, [&](std::string_view member, std::size_t sockets) {
        answer.counts.push_back({.name = std::string(member.substr(prefix.size())), .sockets = sockets});
      });
}

}  // namespace

void answer(Services& services, SocketQuestion& question) {
  using Kind = SocketQuestion::Kind;
  switch (question.kind) {
    case Kind::list: return list(services, question, question.answer);
    case Kind::find: return find(services, question, question.answer);
    case Kind::join:
    case Kind::leave:
    case Kind::disconnect: question.answer.outcome = change(services, question); return;
    case Kind::count: return count(services, question.answer);
    case Kind::rooms: return list_rooms(services, question, question.answer);
  }
}

}  // namespace broker::shard
