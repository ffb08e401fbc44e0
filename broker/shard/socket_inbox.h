// SPDX-License-Identifier: Apache-2.0
// One question about the sockets of a shard, from a thread that is none, and its answer: see socket_desk.h.
// Thread: ask() by one thread at a time, which waits; take() and give_back() by the shard, which never does.
// Owns: a question from when it was asked until its answer is fetched, so that who gives up leaves nothing behind that
// a late answer could miss.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/base/owned_fd.h"
#include "broker/base/socket_directory.h"

namespace broker::shard {

struct SocketAnswer {
  base::SocketDirectory::Outcome outcome = base::SocketDirectory::Outcome::unknown_socket;  // of a change
  std::vector<base::SocketEntry> sockets = {};                                              // list, find
  std::optional<std::uint32_t> next_slot = std::nullopt;                                    // list: there may be more
  std::vector<base::SocketCount> counts = {};                                               // count, rooms
  bool more = false;                                                                        // rooms
};

struct SocketQuestion {
  enum class Kind : std::uint8_t { list, find, join, leave, disconnect, count, rooms };
  Kind kind = Kind::count;
  std::string nsp = {};
  std::string sid = {};
  std::string room = {};        // rooms: those behind it
  std::uint32_t from_slot = 0;  // list
  std::size_t limit = 0;        // list, rooms
  SocketAnswer answer = {};
};

class SocketInbox {
 public:
  SocketInbox();
  ~SocketInbox();
  SocketInbox(const SocketInbox&) = delete;
  SocketInbox& operator=(const SocketInbox&) = delete;

  // Wake the shard behind it.
  void ask(std::unique_ptr<SocketQuestion>);
  // The answer to what was asked last. None: not by then; what the shard has not begun by then it never will.
  [[nodiscard]] std::optional<SocketAnswer> await(std::chrono::steady_clock::time_point deadline);

  // Null: nothing was asked. One load when there is nothing.
  [[nodiscard]] std::unique_ptr<SocketQuestion> take() {
    if (asked_.load(std::memory_order_acquire) == nullptr) return nullptr;
    return std::unique_ptr<SocketQuestion>(asked_.exchange(nullptr, std::memory_order_acq_rel));
  }
  // With its answer.
  void give_back(std::unique_ptr<SocketQuestion>);

 private:
  base::OwnedFd told_;  // an eventfd: something was given back
  std::atomic<SocketQuestion*> asked_{nullptr};
  std::atomic<SocketQuestion*> answered_{nullptr};
  const SocketQuestion* awaited_ = nullptr;  // the asker's
};

}  // namespace broker::shard
