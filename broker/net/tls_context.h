// SPDX-License-Identifier: Apache-2.0
// What all TLS connections of one shard share: OpenSSL's contexts (one for each certificate), the shard's copy of the
// ticket keys, and the scratch that plaintext is read into. Protocol versions, ciphers and modes are decided here.
//
// Thread: its shard's, apart from construction.
// Owns: the contexts and the scratch. Borrows: the identities, until renew(); it outlives every Tls made of it.
// Errors: none; whatever can be wrong with a certificate was found by TlsIdentity::load().
// RFC 8446 (TLS 1.3), 5246 (1.2), 7301 (ALPN), 6066 §3 (SNI), 5077 (tickets).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "broker/net/tls_bio.h"
#include "broker/net/tls_handles.h"
#include "broker/net/tls_identity.h"
#include "broker/net/tls_records.h"
#include "broker/net/tls_suite.h"
#include "broker/net/tls_ticket_keys.h"

namespace broker::net {

class TlsContext {
 public:
  // A client is served by the first identity that covers the name it asks for; otherwise, and when it names none, by
  // the first of all. Requires: one at least.
  TlsContext(std::span<const TlsIdentity* const> identities, const TicketKeys& ticket_keys);
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // From here on new connections are served by these; those that there are keep what they have begun with. Tickets stay
  // good: they prove that the client has met the holder of the ticket keys, whatever its certificate was.
  void renew(std::span<const TlsIdentity* const> identities);

  // Called from a timer, once a minute or so.
  void advance(TicketKeys::Clock::time_point now) { ticket_keys_.advance(now); }

  // For Tls: a new connection, whose handshake fills the secrets if it is one of TLS 1.3; the cipher suites; and the
  // place for its plaintext during one feed(). Stream and secrets outlive the handshake.
  [[nodiscard]] OpensslHandle<ssl_st> make_connection(TlsStream& stream, TrafficSecrets& secrets) const;
  [[nodiscard]] const TlsSuites& suites() const { return suites_; }
  [[nodiscard]] std::span<std::uint8_t> plaintext_scratch() { return scratch_; }

 private:
  struct Callbacks;  // OpenSSL's; their signatures name its types

  [[nodiscard]] OpensslHandle<ssl_ctx_st> make_context(const TlsIdentity& identity);

  std::vector<const TlsIdentity*> identities_;
  std::vector<OpensslHandle<ssl_ctx_st>> contexts_;  // at the same index
  TicketKeys ticket_keys_;
  OpensslHandle<evp_cipher_st> ticket_cipher_;  // fetched once: OpenSSL 3 takes a lock for each fetch
  OpensslHandle<bio_method_st> stream_method_;
  TlsSuites suites_;
  std::array<std::uint8_t, tls_inner_bytes_max> scratch_;
};

}  // namespace broker::net
