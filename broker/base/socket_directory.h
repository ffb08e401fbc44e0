// SPDX-License-Identifier: Apache-2.0
// What operators may ask about Socket.IO's sockets: the seam between the admin port, which knows no shard, and the
// shards, which know no admin port.
// Thread: the admin port's, several at a time; a question waits for the shards, within a bound.
// Errors: no answer in time is an empty optional, or an Outcome.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace broker::base {

struct SocketEntry {
  std::string sid;
  std::vector<std::string> rooms;
  std::vector<std::pair<std::string, std::string>> data;  // names and JSON
  std::uint32_t since_s = 0;                              // 1970: when it was connected
  bool polls = false;
};

// Where a list goes on.
struct SocketPlace {
  std::uint32_t shard = 0;
  std::uint32_t slot = 0;
};

struct SocketPage {
  std::vector<SocketEntry> sockets;
  std::optional<SocketPlace> next;  // none: that was all
};

struct SocketCount {
  std::string name;  // of a namespace or a room
  std::uint64_t sockets = 0;
};

struct RoomPage {
  std::uint64_t sockets = 0;       // of the whole namespace
  std::vector<SocketCount> rooms;  // by name
  bool more = false;               // behind the last of them
};

struct SocketChange {
  enum class Kind : std::uint8_t { join, leave, disconnect };
  Kind kind = Kind::disconnect;
  std::string nsp;
  std::string sid;
  std::string room = {};
};

class SocketDirectory {
 public:
  enum class Outcome : std::uint8_t {
    done,  // also where it was so already
    unknown_socket,
    bad_room,        // no room can have that name
    too_many_rooms,  // the socket is in as many as it may
    no_answer,
  };

  virtual ~SocketDirectory() = default;
  [[nodiscard]] virtual std::span<const std::string> namespaces() const = 0;
  [[nodiscard]] virtual std::uint32_t shards() const = 0;
  // At most `limit` of a namespace's sockets, or of a room's where one is named; perhaps fewer though there are more.
  // Requires: place.shard < shards().
  [[nodiscard]] virtual std::optional<SocketPage> list(std::string_view nsp, std::string_view room, SocketPlace place,
                                                       std::size_t limit) = 0;
  // The one by that name, or none.
  [[nodiscard]] virtual std::optional<std::vector<SocketEntry>> find(std::string_view nsp, std::string_view sid) = 0;
  // Of each namespace.
  [[nodiscard]] virtual std::optional<std::vector<SocketCount>> count() = 0;
  // Those whose names are behind `after`.
  [[nodiscard]] virtual std::optional<RoomPage> rooms(std::string_view nsp, std::string_view after,
                                                      std::size_t limit) = 0;
  [[nodiscard]] virtual Outcome change(const SocketChange&) = 0;
};

}  // namespace broker::base
