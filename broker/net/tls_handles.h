// SPDX-License-Identifier: Apache-2.0
// Owning handles of OpenSSL's objects, so that no header of ours includes OpenSSL: its names are declared here, and
// its headers are known to the .cc files of broker/net whose names begin with tls, certificate or digest.
// Thread: as the object in question; certificates, keys and ciphers are immutable and counted atomically.
#pragma once

#include <memory>

struct bio_st;
struct bio_method_st;
struct evp_cipher_ctx_st;
struct evp_cipher_st;
struct evp_kdf_ctx_st;
struct evp_pkey_st;
struct ssl_ctx_st;
struct ssl_st;
struct stack_st_X509;
struct x509_st;

namespace broker::net {

struct OpensslFree {
  void operator()(bio_st* object) const noexcept;
  void operator()(bio_method_st* object) const noexcept;
  void operator()(evp_cipher_ctx_st* object) const noexcept;
  void operator()(evp_cipher_st* object) const noexcept;
  void operator()(evp_kdf_ctx_st* object) const noexcept;
  void operator()(evp_pkey_st* object) const noexcept;
  void operator()(ssl_ctx_st* object) const noexcept;
  void operator()(ssl_st* object) const noexcept;
  void operator()(stack_st_X509* object) const noexcept;  // with the certificates in it
  void operator()(x509_st* object) const noexcept;
};

template <class Object>
using OpensslHandle = std::unique_ptr<Object, OpensslFree>;

}  // namespace broker::net
