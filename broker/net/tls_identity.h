// SPDX-License-Identifier: Apache-2.0
// A certificate chain and its key, loaded and proven to belong together as a whole; the contexts of all shards
// share it.
// Thread: immutable, any.
// Errors: a sentence with the file, the cause and, where there is one, the fix.
// Limits: 1 MiB a file.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "broker/net/tls_handles.h"

namespace broker::net {

class TlsIdentity {
 public:
  using Time = std::chrono::system_clock::time_point;

  struct Loaded {
    std::unique_ptr<const TlsIdentity> identity;  // null on error
    std::string error;
    std::string warning;  // a certificate that is not valid now is served all the same: clients decide. Or empty
  };
  // PEM: the certificate first, then its intermediates; the key unencrypted. Both may stand in one file.
  [[nodiscard]] static Loaded load(const std::string& certificate_path, const std::string& key_path, Time now);

  // Whether the certificate names this host or IP address.
  [[nodiscard]] bool covers(const std::string& host) const;
  [[nodiscard]] Time valid_from() const;
  [[nodiscard]] Time valid_until() const;
  // SHA-256 of the certificate, as browsers show it: "AB:CD:…".
  [[nodiscard]] std::string fingerprint() const;

  // Puts chain and key into the context; false when OpenSSL refuses them, with the cause in its error queue.
  [[nodiscard]] bool use_in(ssl_ctx_st* context) const;

 private:
  TlsIdentity() = default;

  OpensslHandle<x509_st> certificate_;
  OpensslHandle<stack_st_X509> intermediates_;
  OpensslHandle<evp_pkey_st> key_;
};

}  // namespace broker::net
