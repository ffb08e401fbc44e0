// SPDX-License-Identifier: Apache-2.0
// Asks the shards what operators ask about sockets: one question at a time to each, by its inbox and a wake-up; it is
// answered at the beginning of a turn.
// Thread: any that is no shard, several at a time, one behind the other. Borrows: the inboxes and the namespaces.
// Errors: a shard that has not answered within limits::socket_answer_patience is not waited for any longer. What is no
//   room's name, or no namespace, is told.
// Limits: limits::socket_askers_max threads wait, more are told at once that there is no answer;
//   limits::socket_turns_per_page questions make one page.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "broker/base/socket_directory.h"
#include "broker/shard/socket_inbox.h"

namespace broker::shard {

class SocketDesk final : public base::SocketDirectory {
 public:
  SocketDesk(std::vector<SocketInbox*> inboxes, std::span<const std::string> namespaces,
             std::function<void(std::size_t shard)> wake);

  std::span<const std::string> namespaces() const override { return namespaces_; }
  std::uint32_t shards() const override { return static_cast<std::uint32_t>(inboxes_.size()); }
  std::optional<base::SocketPage> list(std::string_view nsp, std::string_view room, base::SocketPlace place,
                                       std::size_t limit) override;
  std::optional<std::vector<base::SocketEntry>> find(std::string_view nsp, std::string_view sid) override;
  std::optional<std::vector<base::SocketCount>> count() override;
  std::optional<base::RoomPage> rooms(std::string_view nsp, std::string_view after, std::size_t limit) override;
  Outcome change(const base::SocketChange&) override;

 private:
  class Turn;  // to ask
  void post(std::size_t shard, const SocketQuestion&);

  const std::vector<SocketInbox*> inboxes_;
  const std::span<const std::string> namespaces_;
  const std::function<void(std::size_t shard)> wake_;
  std::atomic<int> askers_{0};
  std::mutex mutex_;  // held while a question is asked and answered
};

}  // namespace broker::shard
