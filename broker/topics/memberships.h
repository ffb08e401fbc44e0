// SPDX-License-Identifier: Apache-2.0
// Which of the subscriptions to a stream on this shard are members of what: the sockets in each room, and each socket
// of a name of its own. A message that names members is for those alone.
//
// Thread: the shard. Borrows: the subscriptions; each is removed before it is destroyed.
// Costs: what one subscription alone is a member of, as of its own name, 180 bytes; a room of many 14 for each of them;
// a listed name 16 more.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/container/inlined_vector.h"
#include "absl/hash/hash.h"

namespace broker::topics {

struct Subscription;

class Memberships {
 public:
  // Names that begin with `listed` can be listed. Empty: none can.
  explicit Memberships(std::string_view listed = {}) : listed_(listed) {}
  Memberships(const Memberships&) = delete;
  Memberships& operator=(const Memberships&) = delete;

  // Of what it is a member of already, and parting from what it is not, changes nothing.
  void join(Subscription&, std::string_view member);
  void part(Subscription&, std::string_view member);
  // Parts from everything.
  void remove(Subscription&);

  [[nodiscard]] bool is_member(const Subscription&, std::string_view member) const;
  // with_subscription(Subscription&) for each of its members, in no order. Nobody joins or parts meanwhile.
  template <class F>
  void for_each(std::string_view member, F&& with_subscription) const {
    const auto found = rooms_.find(member);
    if (found == rooms_.end()) return;
    const Room& room = **found;
    if (room.only != nullptr) return with_subscription(*room.only);
    for (Subscription* each : *room.many) with_subscription(*each);
  }

  // Names that have a member.
  [[nodiscard]] std::size_t size() const { return rooms_.size(); }
  // Members of that name.
  [[nodiscard]] std::size_t count(std::string_view member) const {
    const auto found = rooms_.find(member);
    return found == rooms_.end() ? 0 : (*found)->size();
  }
  [[nodiscard]] const std::string& listed() const { return listed_; }
  // with_member(name, count) for at most so many of the listed names that are behind `after`, in their order. Returns
  // whether there are more.
  template <class F>
  bool list_behind(std::string_view after, std::size_t most, F&& with_member) const {
    auto at = in_order_.upper_bound(after);
    for (; at != in_order_.end() && most > 0; ++at, --most) with_member((*at)->name, (*at)->size());
    return at != in_order_.end();
  }

 private:
  // Never empty: mostly somebody's own name, sometimes a crowd.
  struct Room {
    std::string name;
    Subscription* only = nullptr;  // null: see `many`
    std::unique_ptr<absl::flat_hash_set<Subscription*>> many;

    [[nodiscard]] std::size_t size() const { return many == nullptr ? 1 : many->size(); }
  };
  struct NameOf {
    std::string_view operator()(std::string_view name) const { return name; }
    std::string_view operator()(const Room* room) const { return room->name; }
    std::string_view operator()(const std::unique_ptr<Room>& room) const { return room->name; }
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const auto& room) const { return absl::Hash<std::string_view>{}(NameOf{}(room)); }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const auto& one, const auto& other) const { return NameOf{}(one) == NameOf{}(other); }
  };

  struct Before {
    using is_transparent = void;
    bool operator()(const auto& one, const auto& other) const { return NameOf{}(one) < NameOf{}(other); }
  };

  [[nodiscard]] bool is_listed(std::string_view name) const { return !listed_.empty() && name.starts_with(listed_); }
  void leave(Room&, Subscription&);

  const std::string listed_;
  absl::btree_set<const Room*, Before> in_order_;  // the listed ones
  absl::flat_hash_set<std::unique_ptr<Room>, Hash, Equal> rooms_;
  absl::flat_hash_map<const Subscription*, absl::InlinedVector<Room*, 2>> of_;
};

}  // namespace broker::topics
