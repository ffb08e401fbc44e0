// SPDX-License-Identifier: Apache-2.0
#include "broker/net/tls_identity.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "broker/base/check.h"
#include "broker/net/certificate_files.h"

namespace broker::net {
namespace {

std::string openssl_reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  std::string text = reason != nullptr ? reason : "unknown cause";
  ERR_clear_error();
  return text;
}

OpensslHandle<bio_st> memory_bio(const std::string& bytes) {
  OpensslHandle<bio_st> bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
  KODAMA_CHECK(bio != nullptr);
  return bio;
}

struct PassphraseWanted {
  bool asked = false;
};

// OpenSSL would ask on the terminal; a server has none.
int refuse_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* asked) {
  static_cast<PassphraseWanted*>(asked)->asked = true;
  return -1;
}

// One error text for each way in which a file can be wrong; empty when all is well.
std::string parse_certificates(const std::string& path, OpensslHandle<x509_st>& first,
                               OpensslHandle<stack_st_X509>& rest) {
  const FileText file = read_small_file(path);
  if (!file.error.empty()) return absl::StrCat("certificate ", path, ": ", file.error);
  const OpensslHandle<bio_st> bio = memory_bio(file.text);
  ERR_clear_error();
  first.reset(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (first == nullptr) {
    const bool no_pem = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    const std::string reason = openssl_reason();
    if (!no_pem) return absl::StrCat("certificate ", path, ": its PEM is damaged: ", reason);
    return absl::StrCat("certificate ", path, ": no \"-----BEGIN CERTIFICATE-----\" in it; a DER file is converted ",
                        "with openssl x509 -inform der -in FILE -out FILE.pem");
  }
  rest.reset(sk_X509_new_null());
  KODAMA_CHECK(rest != nullptr);
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) sk_X509_push(rest.get(), next);
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
    return absl::StrCat("certificate ", path, ": the PEM of its intermediates is damaged: ", openssl_reason());
  }
  ERR_clear_error();
  return "";
}

std::string parse_key(const std::string& path, OpensslHandle<evp_pkey_st>& key) {
  FileText file = read_small_file(path);
  if (!file.error.empty()) return absl::StrCat("key ", path, ": ", file.error);
  ERR_clear_error();
  PassphraseWanted passphrase;
  key.reset(PEM_read_bio_PrivateKey(memory_bio(file.text).get(), nullptr, refuse_passphrase, &passphrase));
  OPENSSL_cleanse(file.text.data(), file.text.size());
  if (key != nullptr) return "";
  const std::string reason = openssl_reason();
  if (passphrase.asked) {
    return absl::StrCat("key ", path, ": it is under a passphrase; openssl pkey -in FILE -out FILE takes it off");
  }
  return absl::StrCat("key ", path, ": no \"-----BEGIN PRIVATE KEY-----\" in it that can be read (", reason, ")");
}

TlsIdentity::Time to_time(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return TlsIdentity::Time::min();
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

std::string iso(TlsIdentity::Time time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return absl::StrFormat("%04d-%02d-%02d %02d:%02d UTC", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                         parts.tm_hour, parts.tm_min);
}

}  // namespace

TlsIdentity::Loaded TlsIdentity::load(const std::string& certificate_path, const std::string& key_path, Time now) {
  std::unique_ptr<TlsIdentity> made(new TlsIdentity);
  std::string error = parse_certificates(certificate_path, made->certificate_, made->intermediates_);
  if (error.empty()) error = parse_key(key_path, made->key_);
  if (!error.empty()) return {nullptr, error, ""};
  if (X509_check_private_key(made->certificate_.get(), made->key_.get()) != 1) {
    ERR_clear_error();
    return {nullptr, absl::StrCat("key ", key_path, " does not belong to certificate ", certificate_path), ""};
  }
  // Tried here, where the operator can be told, so that a shard's context cannot fail later.
  const OpensslHandle<ssl_ctx_st> trial(SSL_CTX_new(TLS_server_method()));
  KODAMA_CHECK(trial != nullptr);
  if (!made->use_in(trial.get())) {
    return {nullptr, absl::StrCat("certificate ", certificate_path, ": OpenSSL refuses it: ", openssl_reason()), ""};
  }
  std::string warning;
  if (now >= made->valid_until()) {
    warning = absl::StrCat("certificate ", certificate_path, " expired on ", iso(made->valid_until()));
  } else if (now < made->valid_from()) {
    warning = absl::StrCat("certificate ", certificate_path, " is valid only from ", iso(made->valid_from()));
  }
  return {std::move(made), "", warning};
}

bool TlsIdentity::covers(const std::string& host) const {
  return X509_check_host(certificate_.get(), host.data(), host.size(), 0, nullptr) == 1 ||
         X509_check_ip_asc(certificate_.get(), host.c_str(), 0) == 1;
}

TlsIdentity::Time TlsIdentity::valid_from() const { return to_time(X509_get0_notBefore(certificate_.get())); }

TlsIdentity::Time TlsIdentity::valid_until() const { return to_time(X509_get0_notAfter(certificate_.get())); }

std::string TlsIdentity::fingerprint() const {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  KODAMA_CHECK(X509_digest(certificate_.get(), EVP_sha256(), digest, &size) == 1);
  std::string text;
  for (unsigned int i = 0; i < size; ++i) absl::StrAppendFormat(&text, "%s%02X", i == 0 ? "" : ":", digest[i]);
  return text;
}

bool TlsIdentity::use_in(ssl_ctx_st* context) const {
  return SSL_CTX_use_cert_and_key(context, certificate_.get(), key_.get(), intermediates_.get(), 1) == 1;
}

}  // namespace broker::net
