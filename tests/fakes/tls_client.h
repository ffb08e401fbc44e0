// SPDX-License-Identifier: Apache-2.0
// A TLS client for tests: OpenSSL's own, over memory. And the places where certificates are made for them.
// Thread: any.
#pragma once

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "broker/net/certificate.h"
#include "broker/net/tls_identity.h"

namespace broker::net {

class TemporaryDirectory {
 public:
  TemporaryDirectory() : path_(std::filesystem::temp_directory_path() / "kodama-test-XXXXXX") {
    EXPECT_NE(::mkdtemp(path_.data()), nullptr);
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline std::unique_ptr<const TlsIdentity> make_identity(const TemporaryDirectory& directory) {
  const auto now = std::chrono::system_clock::now();
  const SelfSigned files = keep_self_signed(directory.path(), now);
  EXPECT_EQ(files.error, "");
  TlsIdentity::Loaded loaded = TlsIdentity::load(files.certificate_path, files.key_path, now);
  EXPECT_EQ(loaded.error, "");
  return std::move(loaded.identity);
}

struct CertificateFiles {
  std::string certificate;
  std::string key;
};

// A self-signed certificate for other names than localhost, valid today.
inline CertificateFiles write_certificate(const TemporaryDirectory& directory, const char* common_name,
                                          const char* alternative_names) {
  CertificateFiles files{directory.path() + "/certificate.pem", directory.path() + "/key.pem"};
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
  const auto* name = reinterpret_cast<const unsigned char*>(common_name);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8, name, -1, -1, 0);
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  X509_set_pubkey(certificate, key);
  X509_EXTENSION* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, alternative_names);
  EXPECT_EQ(X509_add_ext(certificate, names, -1), 1);
  EXPECT_GT(X509_sign(certificate, key, EVP_sha256()), 0);
  BIO* certificate_file = BIO_new_file(files.certificate.c_str(), "w");
  BIO* key_file = BIO_new_file(files.key.c_str(), "w");
  EXPECT_EQ(PEM_write_bio_X509(certificate_file, certificate), 1);
  EXPECT_EQ(PEM_write_bio_PKCS8PrivateKey(key_file, key, nullptr, nullptr, 0, nullptr, nullptr), 1);
  BIO_free(key_file);
  BIO_free(certificate_file);
  X509_EXTENSION_free(names);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return files;
}

struct TlsClientOptions {
  int version_min = TLS1_2_VERSION;
  int version_max = TLS1_3_VERSION;
  std::string protocols;      // ALPN's wire form
  std::string server_name;    // SNI
  std::string trusted_file;   // verify the server with this
  std::string verified_name;  // and that it is this one
  int fragment_mode = 0;      // TLSEXT_max_fragment_length_…
  std::string suites;         // of TLS 1.3
  std::string groups;
  bool without_tickets = false;
  SSL_SESSION* session = nullptr;
};

class TlsClient {
 public:
  explicit TlsClient(const TlsClientOptions& options = {}) : context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_cipher_list(context_, "DEFAULT@SECLEVEL=0");  // so that it may offer what the server must refuse
    SSL_CTX_set_min_proto_version(context_, options.version_min);
    SSL_CTX_set_max_proto_version(context_, options.version_max);
    if (!options.suites.empty()) SSL_CTX_set_ciphersuites(context_, options.suites.c_str());
    if (!options.groups.empty()) SSL_CTX_set1_groups_list(context_, options.groups.c_str());
    if (options.without_tickets) SSL_CTX_set_options(context_, SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context_, [](SSL* ssl, SSL_SESSION* session) {
      auto* self = static_cast<TlsClient*>(SSL_get_app_data(ssl));
      SSL_SESSION_free(self->session_);
      self->session_ = session;
      ++self->tickets_;
      return 1;
    });
    if (!options.trusted_file.empty()) {
      EXPECT_EQ(SSL_CTX_load_verify_locations(context_, options.trusted_file.c_str(), nullptr), 1);
      SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
    }
    ssl_ = SSL_new(context_);
    SSL_set_app_data(ssl_, this);
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(in_, -1);
    SSL_set_bio(ssl_, in_, out_);
    const auto* protocols = reinterpret_cast<const unsigned char*>(options.protocols.data());
    if (!options.protocols.empty()) {
      SSL_set_alpn_protos(ssl_, protocols, static_cast<unsigned>(options.protocols.size()));
    }
    if (!options.server_name.empty()) SSL_set_tlsext_host_name(ssl_, options.server_name.c_str());
    if (!options.verified_name.empty()) {
      X509_VERIFY_PARAM* parameters = SSL_get0_param(ssl_);
      if (X509_VERIFY_PARAM_set1_ip_asc(parameters, options.verified_name.c_str()) != 1) {
        SSL_set1_host(ssl_, options.verified_name.c_str());
      }
    }
    if (options.fragment_mode != 0) {
      SSL_set_tlsext_max_fragment_length(ssl_, static_cast<unsigned char>(options.fragment_mode));
    }
    if (options.session != nullptr) SSL_set_session(ssl_, options.session);
    SSL_set_connect_state(ssl_);
  }
  ~TlsClient() {
    SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);  // otherwise OpenSSL spoils the session
    SSL_SESSION_free(session_);
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  [[nodiscard]] SSL* ssl() { return ssl_; }
  [[nodiscard]] SSL_SESSION* session() { return session_; }
  [[nodiscard]] int tickets() const { return tickets_; }

  void receive(std::string_view ciphertext) {
    if (!ciphertext.empty()) BIO_write(in_, ciphertext.data(), static_cast<int>(ciphertext.size()));
  }
  [[nodiscard]] std::string take_sent() {
    std::string sent(BIO_ctrl_pending(out_), '\0');
    if (!sent.empty()) BIO_read(out_, sent.data(), static_cast<int>(sent.size()));
    return sent;
  }
  // "", or OpenSSL's words for what ended the handshake.
  [[nodiscard]] std::string shake_hands() { return outcome(SSL_do_handshake(ssl_)); }
  [[nodiscard]] bool handshake_done() { return SSL_is_init_finished(ssl_) == 1; }
  void write(std::string_view plaintext) {
    const int bytes = static_cast<int>(plaintext.size());
    ASSERT_EQ(SSL_write(ssl_, plaintext.data(), bytes), bytes);
  }
  // All that can be read now; what ended it is in error().
  [[nodiscard]] std::string read() {
    std::string plaintext;
    char buffer[16384];
    int got = 0;
    while ((got = SSL_read(ssl_, buffer, sizeof buffer)) > 0) plaintext.append(buffer, static_cast<std::size_t>(got));
    error_ = outcome(got);
    return plaintext;
  }
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  std::string outcome(int returned) {
    if (returned == 1) return "";
    const int cause = SSL_get_error(ssl_, returned);
    const char* reason = ERR_reason_error_string(ERR_peek_error());
    ERR_clear_error();
    if (cause == SSL_ERROR_WANT_READ) return "";
    if (cause == SSL_ERROR_ZERO_RETURN) return "close_notify";
    return reason != nullptr ? reason : "unknown";
  }

  SSL_CTX* context_;
  SSL* ssl_ = nullptr;
  BIO* in_ = nullptr;
  BIO* out_ = nullptr;
  SSL_SESSION* session_ = nullptr;
  int tickets_ = 0;
  std::string error_;
};

}  // namespace broker::net
