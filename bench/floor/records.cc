// SPDX-License-Identifier: Apache-2.0
#include "bench/floor/records.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/x509.h>

#include <cstdio>
#include <cstdlib>

namespace bench::floor {
namespace {

void require(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "bench_floor: %s\n", what);
  ERR_print_errors_fp(stderr);
  std::exit(1);
}

unsigned char* octets(char* bytes) { return reinterpret_cast<unsigned char*>(bytes); }
const unsigned char* octets(const char* bytes) { return reinterpret_cast<const unsigned char*>(bytes); }

// RFC 8446 §7.1, HKDF-Expand-Label with an empty context.
void expand_label(std::string_view secret, std::string_view label, std::uint8_t* out, std::size_t size) {
  std::string info{'\0', static_cast<char>(size)};
  info += static_cast<char>(label.size() + 6);
  info += "tls13 ";
  info += label;
  info += '\0';
  std::string digest = "SHA256";
  std::string key(secret);
  int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
  const std::array parameters{OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
                              OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), digest.size()),
                              OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key.data(), key.size()),
                              OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()),
                              OSSL_PARAM_construct_end()};
  EVP_KDF* kdf = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
  EVP_KDF_CTX* context = EVP_KDF_CTX_new(kdf);
  require(EVP_KDF_derive(context, out, size, parameters.data()) == 1, "HKDF");
  EVP_KDF_CTX_free(context);
  EVP_KDF_free(kdf);
}

void use_made_certificate(SSL_CTX& context) {
  const std::unique_ptr<EVP_PKEY, Free> key(EVP_EC_gen("P-256"));
  const std::unique_ptr<X509, Free> certificate(X509_new());
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 86400);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, octets("localhost"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  X509_set_pubkey(certificate.get(), key.get());
  require(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0, "a certificate could not be made");
  require(SSL_CTX_use_certificate(&context, certificate.get()) == 1, "the certificate made");
  require(SSL_CTX_use_PrivateKey(&context, key.get()) == 1, "the key made");
}

}  // namespace

// --- Sealer ----------------------------------------------------------------------------------------------------------

Sealer::Sealer(std::string_view traffic_secret) : context_(EVP_CIPHER_CTX_new()) {
  std::array<std::uint8_t, 16> key{};
  expand_label(traffic_secret, "key", key.data(), key.size());
  expand_label(traffic_secret, "iv", iv_.data(), iv_.size());
  require(EVP_EncryptInit_ex2(context_.get(), EVP_aes_128_gcm(), key.data(), iv_.data(), nullptr) == 1, "AES-128-GCM");
}

std::size_t Sealer::seal(std::string_view inner, char* record) {
  // RFC 8446 §5.3: the nonce is the IV with the record's number added into its end.
  std::array<std::uint8_t, 12> nonce = iv_;
  for (std::size_t i = 0; i < sizeof sequence_; ++i)
    nonce[nonce.size() - 1 - i] ^= static_cast<std::uint8_t>(sequence_ >> (8 * i));
  ++sequence_;
  const std::size_t sealed = inner.size() + record_tag_bytes;
  record[0] = application_data;
  record[1] = 3;
  record[2] = 3;
  record[3] = static_cast<char>(sealed >> 8);
  record[4] = static_cast<char>(sealed);
  EVP_CIPHER_CTX* context = context_.get();
  char* text = record + record_head_bytes;
  int size = 0;
  EVP_EncryptInit_ex2(context, nullptr, nullptr, nonce.data(), nullptr);
  EVP_EncryptUpdate(context, nullptr, &size, octets(record), record_head_bytes);
  EVP_EncryptUpdate(context, octets(text), &size, octets(inner.data()), static_cast<int>(inner.size()));
  EVP_EncryptFinal_ex(context, octets(text) + size, &size);
  EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, record_tag_bytes, text + inner.size());
  return record_head_bytes + sealed;
}

// --- The handshake ---------------------------------------------------------------------------------------------------

std::unique_ptr<SSL_CTX, Free> make_tls_context(const Options& options) {
  std::unique_ptr<SSL_CTX, Free> context(SSL_CTX_new(TLS_server_method()));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  require(SSL_CTX_set_ciphersuites(context.get(), "TLS_AES_128_GCM_SHA256") == 1, "TLS_AES_128_GCM_SHA256");
  // A ticket would be a record under the secret that Sealer counts for itself.
  SSL_CTX_set_num_tickets(context.get(), 0);
  SSL_CTX_set_keylog_callback(context.get(), &Opener::on_keylog);
  if (options.certificate.empty() && options.key.empty()) {
    use_made_certificate(*context);
  } else {
    require(SSL_CTX_use_certificate_chain_file(context.get(), options.certificate.c_str()) == 1, "--certificate");
    require(SSL_CTX_use_PrivateKey_file(context.get(), options.key.c_str(), SSL_FILETYPE_PEM) == 1, "--key");
  }
  return context;
}

Opener::Opener(SSL_CTX& context) : ssl_(SSL_new(&context)) {
  SSL_set_app_data(ssl_.get(), this);
  SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_accept_state(ssl_.get());
}

// "SERVER_TRAFFIC_SECRET_0 <client's random> <secret>", both in hex.
void Opener::on_keylog(const SSL* ssl, const char* line) {
  const std::string_view text(line);
  if (!text.starts_with("SERVER_TRAFFIC_SECRET_0 ")) return;
  std::string& secret = static_cast<Opener*>(SSL_get_app_data(ssl))->secret_;
  for (std::size_t at = text.rfind(' ') + 1; at + 1 < text.size(); at += 2)
    secret += static_cast<char>(std::stoi(std::string(text.substr(at, 2)), nullptr, 16));
}

bool Opener::take(std::string_view ciphertext, std::string& plain, std::string& to_peer) {
  BIO_write(SSL_get_rbio(ssl_.get()), ciphertext.data(), static_cast<int>(ciphertext.size()));
  int result = 1;
  for (;;) {
    const std::size_t before = plain.size();
    plain.resize(before + record_plain_max);
    std::size_t size = 0;
    ERR_clear_error();
    result = SSL_read_ex(ssl_.get(), plain.data() + before, record_plain_max, &size);
    plain.resize(before + size);
    if (result != 1) break;
  }
  char* flight = nullptr;
  const auto flight_bytes = static_cast<std::size_t>(BIO_get_mem_data(SSL_get_wbio(ssl_.get()), &flight));
  to_peer.assign(flight, flight_bytes);
  BIO_reset(SSL_get_wbio(ssl_.get()));
  return SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ;
}

}  // namespace bench::floor
