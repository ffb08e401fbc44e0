// SPDX-License-Identifier: Apache-2.0
#include "broker/net/tls_context.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>

#include <string>
#include <string_view>

#include "broker/base/check.h"

namespace broker::net {
namespace {

// Forward secret and authenticated only. AES-128 first: it is the cheapest where there are AES instructions; a client
// that has none puts ChaCha20 first, and SSL_OP_PRIORITIZE_CHACHA heeds it.
constexpr const char* ciphers_of_1_3 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* ciphers_of_1_2 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* groups = "X25519:P-256:P-384";
constexpr unsigned char protocols[] = "\x08http/1.1";  // RFC 7301 §3.1: a length before each
constexpr unsigned int protocols_bytes = sizeof protocols - 1;
constexpr unsigned char session_id_context[] = "kodama";  // a ticket is of use to a context of the same name only

constexpr std::uint64_t options =
    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA;
// An idle connection gives its record buffers back. A write takes what it can, from wherever the bytes stand by then.
constexpr long modes = SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER;

TlsContext& context_of(SSL* ssl) { return *static_cast<TlsContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl))); }

// A client that speaks other protocols only is refused with no_application_protocol (RFC 7301 §3.2), not misunderstood.
int select_protocol(SSL* /*ssl*/, const unsigned char** chosen, unsigned char* chosen_bytes,
                    const unsigned char* offered, unsigned int offered_bytes, void* /*unused*/) {
  const int outcome = SSL_select_next_proto(const_cast<unsigned char**>(chosen), chosen_bytes, protocols,
                                            protocols_bytes, offered, offered_bytes);
  return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

struct TlsContext::Callbacks {
  static int select_identity(SSL* ssl, int* /*alert*/, void* /*unused*/) {
    const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
    const TlsContext& self = context_of(ssl);
    if (self.identities_.size() == 1) return SSL_TLSEXT_ERR_OK;
    for (std::size_t i = 0; i < self.identities_.size(); ++i) {
      if (!self.identities_[i]->covers(name)) continue;
      SSL_set_SSL_CTX(ssl, self.contexts_[i].get());
      break;
    }
    return SSL_TLSEXT_ERR_OK;
  }

  // Returns 1: use it · 2: use it and give the client a newer one · 0: no such key, a full handshake · -1: fail.
  static int use_ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                            int sealing) {
    const TlsContext& self = context_of(ssl);
    if (sealing == 1) return self.ticket_keys_.seal(*self.ticket_cipher_, name, iv, cipher, mac) ? 1 : -1;
    switch (self.ticket_keys_.open(*self.ticket_cipher_, name, iv, cipher, mac)) {
      // Clients of TLS 1.3 use a ticket once (RFC 8446 §C.4): without a new one, every other visit would be a full
      // handshake.
      case TicketKeys::Opened::current: return SSL_version(ssl) == TLS1_3_VERSION ? 2 : 1;
      case TicketKeys::Opened::previous: return 2;
      case TicketKeys::Opened::unknown: return 0;
    }
    return 0;
  }

  // OpenSSL's only public way to a connection's secrets: "<label> <client's random> <secret>", the last two in hex.
  static void keep_secret(const SSL* ssl, const char* line) {
    auto* secrets = static_cast<TrafficSecrets*>(SSL_get_app_data(ssl));
    const std::string_view text(line);
    const bool of_client = text.starts_with("CLIENT_TRAFFIC_SECRET_0 ");
    if (secrets == nullptr || (!of_client && !text.starts_with("SERVER_TRAFFIC_SECRET_0 "))) return;
    auto& secret = of_client ? secrets->client : secrets->server;
    std::size_t bytes = 0;
    const char* hex = line + text.rfind(' ') + 1;
    KODAMA_CHECK(OPENSSL_hexstr2buf_ex(secret.data(), secret.size(), &bytes, hex, '\0') == 1);
  }

  // Counts what is sealed with the server's traffic secret, which is used from behind its Finished on.
  static void count_record(int written, int /*version*/, int content_type, const void* bytes, std::size_t count,
                           SSL* ssl, void* /*unused*/) {
    auto* secrets = static_cast<TrafficSecrets*>(SSL_get_app_data(ssl));
    if (secrets == nullptr || written == 0) return;
    if (content_type == SSL3_RT_HEADER) ++secrets->records_sealed;
    const bool message = content_type == SSL3_RT_HANDSHAKE && count > 0;
    if (message && *static_cast<const unsigned char*>(bytes) == SSL3_MT_FINISHED) secrets->records_sealed = 0;
  }
};

TlsContext::TlsContext(std::span<const TlsIdentity* const> identities, const TicketKeys& ticket_keys)
    : ticket_keys_(ticket_keys),
      ticket_cipher_(EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr)),
      stream_method_(make_stream_method()) {
  KODAMA_CHECK(ticket_cipher_ != nullptr, "OpenSSL offers no AES-256-CBC");
  renew(identities);
}

// A connection has its own count on OpenSSL's context, and that one on certificate and key.
void TlsContext::renew(std::span<const TlsIdentity* const> identities) {
  KODAMA_CHECK(!identities.empty());
  identities_.assign(identities.begin(), identities.end());
  contexts_.clear();
  for (const TlsIdentity* identity : identities_) contexts_.push_back(make_context(*identity));
}

OpensslHandle<ssl_ctx_st> TlsContext::make_context(const TlsIdentity& identity) {
  OpensslHandle<ssl_ctx_st> made(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* context = made.get();
  KODAMA_CHECK(context != nullptr);
  KODAMA_CHECK(SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1);
  KODAMA_CHECK(SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1);
  KODAMA_CHECK(SSL_CTX_set_ciphersuites(context, ciphers_of_1_3) == 1);
  KODAMA_CHECK(SSL_CTX_set_cipher_list(context, ciphers_of_1_2) == 1);
  KODAMA_CHECK(SSL_CTX_set1_groups_list(context, groups) == 1);
  KODAMA_CHECK(identity.use_in(context), "load() has tried it");
  SSL_CTX_set_options(context, options);
  SSL_CTX_set_mode(context, modes);
  SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_app_data(context, this);
  SSL_CTX_set_alpn_select_cb(context, select_protocol, nullptr);
  SSL_CTX_set_tlsext_servername_callback(context, Callbacks::select_identity);
  SSL_CTX_set_keylog_callback(context, Callbacks::keep_secret);
  SSL_CTX_set_msg_callback(context, Callbacks::count_record);

  // Resumption is by ticket alone: nothing is kept for a client that may never come back, and any shard can serve it.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  KODAMA_CHECK(SSL_CTX_set_session_id_context(context, session_id_context, sizeof session_id_context - 1) == 1);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, Callbacks::use_ticket_key);
  SSL_CTX_set_timeout(context, std::chrono::seconds(TicketKeys::period).count());  // its key lives as long at least
  KODAMA_CHECK(SSL_CTX_set_num_tickets(context, 1) == 1);
  // Early data can be replayed by anybody who saw it (RFC 8446 §8); a publish must not be.
  KODAMA_CHECK(SSL_CTX_set_max_early_data(context, 0) == 1);
  return made;
}

OpensslHandle<ssl_st> TlsContext::make_connection(TlsStream& stream, TrafficSecrets& secrets) const {
  OpensslHandle<ssl_st> ssl(SSL_new(contexts_.front().get()));
  KODAMA_CHECK(ssl != nullptr);
  bio_st* bio = make_stream_bio(*stream_method_, stream).release();
  SSL_set_bio(ssl.get(), bio, bio);  // takes the one reference for both directions
  SSL_set_app_data(ssl.get(), &secrets);
  SSL_set_accept_state(ssl.get());
  return ssl;
}

}  // namespace broker::net
