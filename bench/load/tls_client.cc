// SPDX-License-Identifier: Apache-2.0
#include "bench/load/tls_client.h"

#include <openssl/err.h>

namespace bench::load {

TlsContext make_tls_context() {
  TlsContext context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr) return nullptr;
  const bool good = SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION) == 1 &&
                    SSL_CTX_set_ciphersuites(context.get(), "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384") == 1;
  if (!good) return nullptr;
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  return context;
}

TlsClient::TlsClient(SSL_CTX* context) : ssl_(SSL_new(context)), in_(BIO_new(BIO_s_mem())), out_(BIO_new(BIO_s_mem())) {
  SSL_set_bio(ssl_, in_, out_);
  SSL_set_connect_state(ssl_);
}

TlsClient::~TlsClient() { SSL_free(ssl_); }

void TlsClient::start(std::string& out) {
  SSL_do_handshake(ssl_);
  drain(out);
}

bool TlsClient::feed(std::span<const char> bytes) {
  const int count = BIO_write(in_, bytes.data(), static_cast<int>(bytes.size()));
  return count == static_cast<int>(bytes.size()) || fail("no memory for what was received");
}

// Also drives the handshake: SSL_read() does it first.
int TlsClient::read(std::span<char> piece) {
  const int count = SSL_read(ssl_, piece.data(), static_cast<int>(piece.size()));
  if (count > 0) return count;
  switch (SSL_get_error(ssl_, count)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_ZERO_RETURN:  // the end of the connection follows
      return 0;
    default: fail("TLS"); return -1;
  }
}

void TlsClient::seal(std::string_view plain, std::string& out) {
  SSL_write(ssl_, plain.data(), static_cast<int>(plain.size()));
  drain(out);
}

void TlsClient::drain(std::string& out) {
  char* bytes = nullptr;
  const long count = BIO_get_mem_data(out_, &bytes);
  if (count <= 0) return;
  out.append(bytes, static_cast<std::size_t>(count));
  BIO_reset(out_);
}

bool TlsClient::fail(const char* what) {
  char reason[256] = "";
  const unsigned long code = ERR_get_error();
  if (code != 0) ERR_error_string_n(code, reason, sizeof reason);
  ERR_clear_error();
  error_ = std::string(what) + ": " + reason;
  return false;
}

}  // namespace bench::load
