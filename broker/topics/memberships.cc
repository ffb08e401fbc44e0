// SPDX-License-Identifier: Apache-2.0
#include "broker/topics/memberships.h"

#include <algorithm>
#include <utility>

namespace broker::topics {

void Memberships::join(Subscription& subscription, std::string_view member) {
  auto found = rooms_.find(member);
  if (found == rooms_.end()) {
    auto made = std::make_unique<Room>(Room{.name = std::string(member), .only = &subscription, .many = nullptr});
    found = rooms_.insert(std::move(made)).first;
    if (is_listed(member)) in_order_.insert(found->get());
  } else {
    Room& room = **found;
    if (room.only == &subscription) return;
    if (room.many == nullptr) {
      room.many = std::make_unique<absl::flat_hash_set<Subscription*>>();
      room.many->insert(std::exchange(room.only, nullptr));
    }
    if (!room.many->insert(&subscription).second) return;
  }
  of_[&subscription].push_back(found->get());
}

void Memberships::part(Subscription& subscription, std::string_view member) {
  const auto of = of_.find(&subscription);
  if (of == of_.end()) return;
  auto& rooms = of->second;
  const auto found =
      std::find_if(rooms.begin(), rooms.end(), [member](const Room* room) { return room->name == member; });
  if (found == rooms.end()) return;
  Room& room = **found;
  rooms.erase(found);
  if (rooms.empty()) of_.erase(of);
  leave(room, subscription);
}

void Memberships::remove(Subscription& subscription) {
  const auto of = of_.find(&subscription);
  if (of == of_.end()) return;
  for (Room* room : of->second) leave(*room, subscription);
  of_.erase(of);
}

bool Memberships::is_member(const Subscription& subscription, std::string_view member) const {
  const auto found = rooms_.find(member);
  if (found == rooms_.end()) return false;
  const Room& room = **found;
  return room.only == &subscription || (room.many != nullptr && room.many->contains(&subscription));
}

void Memberships::leave(Room& room, Subscription& subscription) {
  if (room.many != nullptr) {
    room.many->erase(&subscription);
    if (!room.many->empty()) {
      // The set keeps its size, and going through it would take as long as when it was full.
      if (room.many->size() * 8 < room.many->capacity()) room.many->rehash(0);
      return;
    }
  }
  if (is_listed(room.name)) in_order_.erase(&room);
  rooms_.erase(rooms_.find(std::string_view(room.name)));
}

}  // namespace broker::topics
