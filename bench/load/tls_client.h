// SPDX-License-Identifier: Apache-2.0
// The client's side of one TLS connection over memory: ciphertext in and out, no I/O of its own.
//
// Thread: one. Owns: the SSL and its two BIOs. Borrows: the context, which outlives it.
// Errors: on_bytes() is false and error() says why; a certificate is not checked (it is made for the benchmark).
// Limits: TLS 1.3, TLS_AES_128_GCM_SHA256 first: the suite that the floor seals with.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace bench::load {

struct TlsContextFree {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using TlsContext = std::unique_ptr<SSL_CTX, TlsContextFree>;
// Null when OpenSSL cannot.
[[nodiscard]] TlsContext make_tls_context();

class TlsClient {
 public:
  explicit TlsClient(SSL_CTX* context);
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  // Appends the ClientHello.
  void start(std::string& out);
  // Takes all of the bytes; plain(std::span<const char>) -> bool gets what they held, false ends it. Appends what the
  // handshake answers. Requires: start().
  template <class Plain>
  [[nodiscard]] bool on_bytes(std::span<const char> bytes, std::string& out, Plain&& plain);
  [[nodiscard]] bool established() const { return SSL_is_init_finished(ssl_) == 1; }
  // Appends the records of `plain`. Requires: established().
  void seal(std::string_view plain, std::string& out);
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  static constexpr std::size_t record_bytes_max = 16384;  // RFC 8446 §5.1

  bool feed(std::span<const char> bytes);
  // Fills `piece` with what is there: how much, 0 when there is no more now, -1 on an error.
  int read(std::span<char> piece);
  void drain(std::string& out);
  bool fail(const char* what);

  SSL* ssl_;
  BIO* in_;   // the SSL's
  BIO* out_;  // the SSL's
  std::string error_;
};

template <class Plain>
bool TlsClient::on_bytes(std::span<const char> bytes, std::string& out, Plain&& plain) {
  if (!feed(bytes)) return false;
  char piece[record_bytes_max];
  for (;;) {
    const int count = read(piece);
    if (count > 0) {
      if (!plain(std::span<const char>(piece, static_cast<std::size_t>(count)))) return false;
      continue;
    }
    drain(out);
    return count == 0;
  }
}

}  // namespace bench::load
