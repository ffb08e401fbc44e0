// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/socket_desk.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "config/limits.h"
#include "proto/socketio/namespace_topics.h"

namespace broker::shard {

namespace limits = config::limits;
using Kind = SocketQuestion::Kind;

// One asker's, in line; ask nothing more once it is over.
class SocketDesk::Turn {
 public:
  explicit Turn(SocketDesk& desk) : desk_(desk) {
    if (desk.askers_.fetch_add(1, std::memory_order_relaxed) >= limits::socket_askers_max) return;
    lock_ = std::unique_lock(desk.mutex_);
  }
  ~Turn() { desk_.askers_.fetch_sub(1, std::memory_order_relaxed); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  [[nodiscard]] std::optional<SocketAnswer> ask(std::size_t shard, const SocketQuestion& question) {
    if (over()) return std::nullopt;
    desk_.post(shard, question);
    return desk_.inboxes_[shard]->await(deadline_);
  }
  // All shards at once; empty: one of them does not answer.
  [[nodiscard]] std::vector<SocketAnswer> ask_all(const SocketQuestion& question) {
    std::vector<SocketAnswer> answers;
    if (over()) return answers;
    for (std::size_t shard = 0; shard < desk_.inboxes_.size(); ++shard) desk_.post(shard, question);
    for (SocketInbox* inbox : desk_.inboxes_) {
      if (std::optional<SocketAnswer> answer = inbox->await(deadline_)) answers.push_back(*std::move(answer));
    }
    if (answers.size() < desk_.inboxes_.size()) answers.clear();
    return answers;
  }
  // What names one socket. A session on its way from one shard to another is on neither, but not twice.
  template <class Found>
  [[nodiscard]] std::vector<SocketAnswer> ask_for_one(const SocketQuestion& question, Found&& found) {
    std::vector<SocketAnswer> answers = ask_all(question);
    if (!answers.empty() && std::ranges::none_of(answers, found)) answers = ask_all(question);
    return answers;
  }

 private:
  [[nodiscard]] bool over() const { return !lock_.owns_lock() || std::chrono::steady_clock::now() >= deadline_; }

  SocketDesk& desk_;
  const std::chrono::steady_clock::time_point deadline_ =
      std::chrono::steady_clock::now() + limits::socket_answer_patience;
  std::unique_lock<std::mutex> lock_;
};

SocketDesk::SocketDesk(std::vector<SocketInbox*> inboxes, std::span<const std::string> namespaces,
                       std::function<void(std::size_t shard)> wake)
    : inboxes_(std::move(inboxes)), namespaces_(namespaces), wake_(std::move(wake)) {}

void SocketDesk::post(std::size_t shard, const SocketQuestion& question) {
  inboxes_[shard]->ask(std::make_unique<SocketQuestion>(question));
  wake_(shard);
}

std::optional<base::SocketPage> SocketDesk::list(std::string_view nsp, std::string_view room, base::SocketPlace place,
                                                 std::size_t limit) {
  Turn turn(*this);
  base::SocketPage page{.sockets = {}, .next = place};
  SocketQuestion question{.kind = Kind::list, .nsp = std::string(nsp), .room = std::string(room)};
  std::size_t asked = 0;
  do {
    question.from_slot = page.next->slot;
    question.limit = limit - page.sockets.size();
    std::optional<SocketAnswer> answer = turn.ask(page.next->shard, question);
    if (!answer) return std::nullopt;
    std::ranges::move(answer->sockets, std::back_inserter(page.sockets));
    if (answer->next_slot) {
      page.next->slot = *answer->next_slot;
    } else if (page.next->shard + 1 < shards()) {
      page.next = {.shard = page.next->shard + 1, .slot = 0};
    } else {
      page.next.reset();
    }
  } while (page.next && page.sockets.size() < limit && ++asked < limits::socket_turns_per_page);
  return page;
}

std::optional<std::vector<base::SocketEntry>> SocketDesk::find(std::string_view nsp, std::string_view sid) {
  Turn turn(*this);
  std::vector<SocketAnswer> answers =
      turn.ask_for_one({.kind = Kind::find, .nsp = std::string(nsp), .sid = std::string(sid)},
                       [](const SocketAnswer& each) { return !each.sockets.empty(); });
  if (answers.empty()) return std::nullopt;
  for (SocketAnswer& each : answers) {
    if (!each.sockets.empty()) return std::move(each.sockets);
  }
  return std::vector<base::SocketEntry>();
}

std::optional<std::vector<base::SocketCount>> SocketDesk::count() {
  Turn turn(*this);
  std::vector<SocketAnswer> answers = turn.ask_all({.kind = Kind::count});
  if (answers.empty()) return std::nullopt;
  std::vector<base::SocketCount> sum = std::move(answers.front().counts);
  for (std::size_t shard = 1; shard < answers.size(); ++shard) {
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i].sockets += answers[shard].counts[i].sockets;
  }
  return sum;
}

// Each shard tells the first of its rooms, so that the first of them all are among these, with all their sockets.
std::optional<base::RoomPage> SocketDesk::rooms(std::string_view nsp, std::string_view after, std::size_t limit) {
  Turn turn(*this);
  const std::vector<SocketAnswer> answers =
      turn.ask_all({.kind = Kind::rooms, .nsp = std::string(nsp), .room = std::string(after), .limit = limit});
  if (answers.empty()) return std::nullopt;
  base::RoomPage page;
  std::map<std::string_view, std::uint64_t> sum;
  for (const SocketAnswer& each : answers) {
    page.sockets += each.counts.front().sockets;
    for (const base::SocketCount& room : std::span(each.counts).subspan(1)) sum[room.name] += room.sockets;
    page.more |= each.more;
  }
  page.more |= sum.size() > limit;
  for (const auto& [name, sockets] : sum) {
    if (page.rooms.size() == limit) break;
    page.rooms.push_back({.name = std::string(name), .sockets = sockets});
  }
  return page;
}

base::SocketDirectory::Outcome SocketDesk::change(const base::SocketChange& change) {
  using Change = base::SocketChange::Kind;
  const bool names_room = change.kind != Change::disconnect;
  if (names_room && !proto::socketio::is_room_name(change.nsp, change.room)) return Outcome::bad_room;
  const Kind kind = change.kind == Change::join ? Kind::join : names_room ? Kind::leave : Kind::disconnect;
  Turn turn(*this);
  const auto known = [](const SocketAnswer& each) { return each.outcome != Outcome::unknown_socket; };
  const std::vector<SocketAnswer> answers =
      turn.ask_for_one({.kind = kind, .nsp = change.nsp, .sid = change.sid, .room = change.room}, known);
  if (answers.empty()) return Outcome::no_answer;
  const auto found = std::ranges::find_if(answers, known);
  return found == answers.end() ? Outcome::unknown_socket : found->outcome;
}

}  // namespace broker::shard
