// SPDX-License-Identifier: Apache-2.0
// What requests about sockets say, in their queries and bodies; nothing of it is trusted.
// Thread: any. Errors: a sentence of ours, for a 400.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "broker/base/socket_directory.h"

namespace broker::admin {

// Of a query; what is not named has its default.
struct SocketQuery {
  std::optional<std::string> nsp;
  std::string room;
  std::string after;  // empty: from the beginning
  std::size_t limit;
};

// Only those `allowed` may be there, each once.
[[nodiscard]] std::variant<SocketQuery, std::string_view> read_query(std::string_view query,
                                                                     std::span<const std::string_view> allowed);

struct SocketBody {
  std::string nsp = "/";
  std::optional<std::string> room;
};

// A JSON object with `namespace` and, where `takes_room`, `room`; nothing at all stands for an empty one.
[[nodiscard]] std::variant<SocketBody, std::string_view> read_body(std::string_view body, bool takes_room);

// Of a list, as it was handed out: opaque to whoever asks.
[[nodiscard]] std::string format(const base::SocketPlace&);
[[nodiscard]] std::optional<base::SocketPlace> parse_place(std::string_view text, std::uint32_t shards);

}  // namespace broker::admin
