// SPDX-License-Identifier: Apache-2.0
#include "broker/net/tls_handles.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace broker::net {

void OpensslFree::operator()(bio_st* object) const noexcept { BIO_free_all(object); }
void OpensslFree::operator()(bio_method_st* object) const noexcept { BIO_meth_free(object); }
void OpensslFree::operator()(evp_cipher_ctx_st* object) const noexcept { EVP_CIPHER_CTX_free(object); }
void OpensslFree::operator()(evp_cipher_st* object) const noexcept { EVP_CIPHER_free(object); }
void OpensslFree::operator()(evp_kdf_ctx_st* object) const noexcept { EVP_KDF_CTX_free(object); }
void OpensslFree::operator()(evp_pkey_st* object) const noexcept { EVP_PKEY_free(object); }
void OpensslFree::operator()(ssl_ctx_st* object) const noexcept { SSL_CTX_free(object); }
void OpensslFree::operator()(ssl_st* object) const noexcept { SSL_free(object); }
void OpensslFree::operator()(stack_st_X509* object) const noexcept { sk_X509_pop_free(object, X509_free); }
void OpensslFree::operator()(x509_st* object) const noexcept { X509_free(object); }

}  // namespace broker::net
