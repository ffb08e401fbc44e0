// SPDX-License-Identifier: Apache-2.0
// The server's side of TLS for tests, with what it was handed noted, and a fixture that runs a test for each version.
// Thread: any.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "broker/net/tls.h"
#include "tls_client.h"

namespace broker::net {

inline constexpr std::uint8_t record_of_alert = 21;  // RFC 8446 §5.1
inline constexpr std::uint8_t record_of_application = 23;

struct Identities {
  TemporaryDirectory directory;
  std::unique_ptr<const TlsIdentity> identity = make_identity(directory);
};
inline const Identities& identities() {
  static const Identities made;
  return made;
}

inline TicketKeys::Clock::time_point start() { return TicketKeys::Clock::time_point(std::chrono::hours(1000)); }

inline TlsContext make_context(const TicketKeys& keys = TicketKeys(start())) {
  const TlsIdentity* identity = identities().identity.get();
  return TlsContext({&identity, 1}, keys);
}

inline std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline std::vector<std::uint8_t> record_types(std::string_view ciphertext) {
  std::vector<std::uint8_t> types;
  while (!ciphertext.empty()) {
    EXPECT_GE(ciphertext.size(), 5u);
    types.push_back(static_cast<std::uint8_t>(ciphertext[0]));
    const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(ciphertext[at]); };
    const std::size_t length = byte(3) * 256u + byte(4);
    EXPECT_GE(ciphertext.size(), 5 + length);
    ciphertext.remove_prefix(5 + length);
  }
  return types;
}

// The server's side with its plaintext and the sink's calls noted.
struct Server {
  explicit Server(TlsContext& context) : tls(context) {}

  Tls::Result feed(std::string_view ciphertext) {
    return tls.feed(bytes_of(ciphertext), this, [](void* self, std::span<std::uint8_t> bytes) {
      auto& server = *static_cast<Server*>(self);
      server.plaintext.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      ++server.handed_over;
      std::fill(bytes.begin(), bytes.end(), std::uint8_t{0xdd});  // it may be changed in place
    });
  }
  Tls::Result feed_in_pieces(std::string_view ciphertext, std::size_t piece_bytes) {
    Tls::Result result = Tls::Result::ok;
    for (; !ciphertext.empty(); ciphertext.remove_prefix(std::min(piece_bytes, ciphertext.size()))) {
      result = feed(ciphertext.substr(0, piece_bytes));
    }
    return result;
  }
  bool seal(const std::vector<std::string>& texts) {
    std::vector<iovec> pieces;
    for (const std::string& text : texts) pieces.push_back({const_cast<char*>(text.data()), text.size()});
    return tls.seal(pieces, scratch);
  }
  std::string take_output() {
    std::string taken;
    for (std::string_view output = tls.output(); !output.empty(); output = tls.output()) {
      taken.append(output);
      tls.consume_output(output.size());
    }
    return taken;
  }

  Tls tls;
  std::string plaintext;
  std::string scratch;
  int handed_over = 0;
};

// Runs the handshake to its end; returns what ended it on the client's side, if not well.
inline std::string shake_hands(Server& server, TlsClient& client, std::size_t piece_bytes = 1 << 20) {
  for (int flight = 0; flight < 6; ++flight) {
    std::string error = client.shake_hands();
    server.feed_in_pieces(client.take_sent(), piece_bytes);
    client.receive(server.take_output());
    if (!error.empty()) return error;
    if (client.handshake_done() && server.tls.handshake_done()) {
      EXPECT_EQ(client.read(), "");  // takes the tickets
      return "";
    }
  }
  return "no end";
}

class TlsOfVersion : public testing::TestWithParam<int> {
 protected:
  [[nodiscard]] TlsClientOptions options() const {
    TlsClientOptions made;
    made.version_min = GetParam();
    made.version_max = GetParam();
    return made;
  }
  TlsContext context = make_context();
};

}  // namespace broker::net
