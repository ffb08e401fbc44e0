// SPDX-License-Identifier: Apache-2.0
// The opening handshake, the server's side (RFC 6455 §4.2): the request checked, the 101 written.
// Thread: any. Borrows: everything here views the request's own strings.
// Errors: a Refusal, to be answered over HTTP. Not checked here: Origin (policy), extensions (extensions.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "proto/reason.h"

namespace proto::websocket {

inline constexpr std::size_t subprotocols_offered_max = 32;

// What is looked at of an http::Request: its members of the same names.
struct HandshakeRequest {
  std::string_view method;
  int version_minor = 0;                                                   // HTTP/1.x
  std::span<const std::pair<std::string_view, std::string_view>> headers;  // names in lower case, values trimmed
};

struct Handshake {
  std::string_view key;
  std::vector<std::string_view> offered;  // subprotocols, in the client's order, each once
};

struct Refusal {
  Reason reason = Reason::bad_request;
  std::string_view message;        // constant
  std::string_view extra_headers;  // whole lines, each with CRLF; constant
  [[nodiscard]] int status() const { return facts(reason).status; }
};

[[nodiscard]] std::variant<Handshake, Refusal> check_handshake(const HandshakeRequest& request);

// The first of the offered subprotocols that we speak; empty when there is none, and then none is named in the answer.
[[nodiscard]] std::string_view select_subprotocol(std::span<const std::string_view> offered,
                                                  std::span<const std::string_view> spoken);

// proto/ knows no OpenSSL: whoever does hands it the digest.
using Sha1 = void (*)(std::string_view in, unsigned char out[20]);

// The value of Sec-WebSocket-Accept: §4.2.2. `key` as check_handshake() took it.
[[nodiscard]] std::string accept_key(std::string_view key, Sha1 sha1);

// Appends the 101. `extra_headers`: whole lines, each with CRLF.
void append_switching_protocols(std::string& out, std::string_view accept, std::string_view subprotocol,
                                std::string_view extra_headers);

}  // namespace proto::websocket
