// SPDX-License-Identifier: Apache-2.0
// The negotiation of permessage-deflate, the server's side (RFC 7692 §5, §7.1; the grammar: RFC 6455 §9.1).
// Thread: any. Borrows: the request's strings, during the call.
// Errors: a header that is no list of extensions refuses the handshake (RFC 6455 §9.1). An offer with a parameter that
// is
//   unknown, repeated, out of range or more than we can do is declined, and the next one is looked at (RFC 7692 §7.1).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "proto/websocket/handshake.h"

namespace proto::websocket {

// What zlib can compress with: its raw deflate has no window of 8 bits.
inline constexpr std::uint8_t server_window_bits_min = 9;
inline constexpr std::uint8_t window_bits_min = 8;  // of the RFC
inline constexpr std::uint8_t window_bits_max = 15;

// What was agreed. We never keep our window from message to message, so that a message is compressed once for all.
struct PerMessageDeflate {
  std::uint8_t server_window_bits = window_bits_max;  // of what we compress
  std::uint8_t client_window_bits = window_bits_max;  // of what the client compresses
  bool client_takes_over = false;                     // the client's window goes on from message to message
  bool names_server_window = false;                   // the offer did, so the answer does: that is how it is agreed to
  bool names_client_window = false;                   // with a number
  bool operator==(const PerMessageDeflate&) const = default;
};

enum class ClientWindow : std::uint8_t { new_each_message, may_go_on };

// The first offer, over all lines, that we can take; nothing where there is none. A client whose window may go on keeps
// it unless it has offered not to.
[[nodiscard]] std::variant<std::optional<PerMessageDeflate>, Refusal> negotiate_deflate(const HandshakeRequest&,
                                                                                        ClientWindow);

// Appends the answer's header line.
void append_extension(std::string& out, const PerMessageDeflate& agreed);

}  // namespace proto::websocket
